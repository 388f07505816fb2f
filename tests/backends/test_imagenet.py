"""From archives in ImageNet's official layout to a trained network, the whole way, on both backends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.runs.run_directory import RunDirectory
from support import imagenet_files

SPEC = """\
specnet: 1
name: little_imagenet
groups: [gpu0, gpu1]
data: {kind: imagenet, size: 32}
layers:
  image: {kind: input, shape: [3, 28, 28]}
  conv1: {kind: conv, from: image, filters: 16, kernel: 5, stride: 2, rounding: ceil, activation: relu}
  norm1: {kind: lrn, from: conv1, size: 5, k: 2, alpha: 1e-4, beta: 0.75}
  pool1: {kind: max_pool, from: norm1, kernel: 3, stride: 2}
  fc2: {kind: dense, from: pool1, cross_group: true, units: 64, activation: relu}
  drop2: {kind: dropout, from: fc2, rate: 0.2, scale_at: test}
  fc3: {kind: dense, from: drop2, cross_group: true, group: gpu0, units: 12}
training:
  loss: {kind: softmax_cross_entropy, from: fc3}
  weights: {kind: he_normal}
  optimizer: {kind: sgd, learning_rate: 0.02, momentum: 0.9, weight_decay: 5e-4}
  normalize: {kind: mean_image, scale: 0.02}
  augment: [{kind: random_crop, size: 28}, {kind: horizontal_flip}, {kind: pca_color, std: 0.1}]
  evaluate: {kind: ten_crop, size: 28}
  batch_size: 40
  epochs: 4
"""


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ilsvrc")
    imagenet_files.official(folder, each=20, validation=60)
    return folder


def test_archives_are_prepared_trained_on_and_evaluated(
    archives: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    prepared, spec = tmp_path / "prepared", tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    done = cli("prepare", archives, prepared, "--size", 32, "--workers", 2)
    assert done.code == 0, done.err
    assert "240 images to train on, 60 to test on, 12 classes, 3x32x32" in done.out
    errors = {}
    for backend, other in (("torch", "tensorflow"), ("tensorflow", "torch")):
        run_dir = tmp_path / backend
        options = ("--backend", backend, "--devices", "cpu", "--data", f"imagenet:{prepared}")
        done = cli("train", spec, *options, "--run-dir", run_dir, "--precision", "float64")
        assert done.code == 0, done.err
        assert "measuring" not in done.err  # the statistics come with the images
        done = cli("evaluate", run_dir, "--backend", other, "--devices", "cpu", "--json")
        assert done.code == 0, done.err
        errors[backend] = json.loads(done.out)["evaluation"]
        lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
        # The last evaluation is of the finished weights; the other backend sees the same. Measured: equal.
        assert errors[backend]["loss"] == pytest.approx(lines[-1]["evaluation"]["loss"], rel=1e-9)
        # Labels by ILSVRC id instead of WordNet id would leave 11 in 12 wrong. Measured: all are right.
        assert errors[backend]["top1_error"] < 0.2
    # Measured: 2e-14.
    assert errors["torch"]["loss"] == pytest.approx(errors["tensorflow"]["loss"], rel=1e-9)
    run = RunDirectory(tmp_path / "torch")
    assert run.newest().progress.classes[0] == "n01440764 thing 0"
    statistics = run.statistics(run.newest())
    assert statistics is not None
    assert statistics.mean.shape == (3, 32, 32)
    assert np.all(statistics.color_values > 0)


def test_archives_can_be_trained_on_as_they_are(
    archives: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    options = ("--data", f"imagenet:{archives}", "--run-dir", tmp_path / "run", "--steps", 2)
    done = cli("train", spec, *options, "--devices", "cpu")
    assert done.code == 0, done.err


def test_a_prepared_folder_of_another_size_is_refused(
    archives: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    assert cli("prepare", archives, tmp_path / "prepared", "--size", 24, "--workers", 1).code == 0
    for kind, words in (
        ("imagenet", "prepared at size 24, not 32"),
        ("prepared", "the images are 3x24x24, and the network's input is 3x28x28"),
    ):
        done = cli("train", spec, "--data", f"{kind}:{tmp_path / 'prepared'}", "--run-dir", tmp_path / "run")
        assert done.code == 2
        assert words in done.err
