"""Runs on pretend GPUs: trained, stopped, gone on with, moved. Run by tests/backends/test_devices.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import specnet
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec, load
from specnet.syntax import document
from specnet.testing.comparing import assert_alike, assert_equal
from support.training_runs import TINY, run

ROUNDING = 1e-12
"""Between devices, after 10 steps in float64. Measured: 3e-16."""


@pytest.fixture
def spec() -> Spec:
    """Three groups of two maps each."""
    text = TINY.replace("[a, b]", "[a, b, c]").replace("filters: 4", "filters: 6")
    return load(document.parse(text))


def weights(directory: Path) -> dict[str, Any]:
    return dict(RunDirectory(directory, lambda note: None).newest().weights)


PLACES = ["cuda:0", "cuda:0,cuda:1,cuda:2", "cuda:3,cuda:3,cuda:0", "cuda:0,cpu,cuda:1", "cpu,cuda:1,cpu"]


@pytest.mark.parametrize("places", PLACES)
def test_a_run_is_that_of_the_cpu(tmp_path: Path, spec: Spec, places: str) -> None:
    run(spec, tmp_path / "cpu", steps=10, devices="cpu")
    run(spec, tmp_path / "gpus", steps=10, devices=places)
    assert_alike(weights(tmp_path / "gpus"), weights(tmp_path / "cpu"), ROUNDING)


@pytest.mark.parametrize("places", PLACES)
def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path: Path, spec: Spec, places: str) -> None:
    """To the last bit, in float32, on the same devices."""
    options: dict[str, Any] = {"devices": places, "precision": "float32"}
    run(spec, tmp_path / "whole", steps=10, **options)
    run(spec, tmp_path / "parts", steps=4, **options)
    run(spec, tmp_path / "parts", steps=10, resume=True, **options)
    assert_equal(weights(tmp_path / "parts"), weights(tmp_path / "whole"))


def test_a_run_moves_from_devices_to_devices(tmp_path: Path, spec: Spec) -> None:
    run(spec, tmp_path / "whole", steps=10, devices="cpu")
    for steps, places in enumerate([*PLACES, "cpu"], start=5):
        run(spec, tmp_path / "moved", steps=steps, devices=places, resume=steps > 5)
    assert_alike(weights(tmp_path / "moved"), weights(tmp_path / "whole"), ROUNDING)
    found = [specnet.evaluate(tmp_path / "moved", devices=places).evaluation for places in (*PLACES, "cpu")]
    assert len({evaluation.top1_error for evaluation in found}) == 1


def test_micro_batches_on_gpus(tmp_path: Path) -> None:
    text = TINY.replace("  norm: {kind: batch_norm, from: conv}\n", "").replace("from: norm", "from: conv")
    plain = load(document.parse(text))
    run(plain, tmp_path / "cpu", steps=5, devices="cpu")
    run(plain, tmp_path / "gpus", steps=5, devices="cuda:1,cpu", micro_batch=3)
    assert_alike(weights(tmp_path / "gpus"), weights(tmp_path / "cpu"), ROUNDING)
