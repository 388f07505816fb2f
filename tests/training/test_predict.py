"""Predictions: from image files, the answers that an evaluation gives; bad files are named, others told."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import specnet
from specnet.data.base import Wanted
from specnet.data.kinds.digits import Digits
from specnet.diagnostics.errors import UsageError
from specnet.spec.spec import Spec, load
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.training.predict import image_files, likeliest, predict
from support.training_runs import SMALL, run

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The 360 test digits as the run sees them (10 x 10), as PNG files."""
    folder = tmp_path_factory.mktemp("scans")
    test = Digits(size=10).open(None, Wanted((1, 8, 8), 10)).test
    pixels, labels = test.read(np.arange(len(test)))
    paths = [folder / f"{label}-{index}.png" for index, label in enumerate(labels)]
    for path, image in zip(paths, pixels[:, 0], strict=True):
        Image.fromarray(image).save(path)
    return paths


def test_files_are_classified_as_the_evaluation_does(small: Spec, tmp_path: Path, scans: list[Path]) -> None:
    trained = run(small, tmp_path / "r")
    found = list(predict(tmp_path / "r", scans, progress=Progress(quiet=True)))
    assert [p.image for p in found] == [str(path) for path in scans]
    labels = [path.name[0] for path in scans]
    first = [p.guesses[0].name != label for p, label in zip(found, labels, strict=True)]
    five = [label not in {g.name for g in p.guesses} for p, label in zip(found, labels, strict=True)]
    assert np.mean(first) == pytest.approx(trained.evaluation.top1_error)
    assert np.mean(five) == pytest.approx(trained.evaluation.top5_error)
    (whole,) = specnet.predict(tmp_path / "r", scans[:1], top=10, progress=Progress(quiet=True))
    odds = [guess.probability for guess in whole.guesses]
    assert sum(odds) == pytest.approx(1)
    assert odds == sorted(odds, reverse=True)


HEADS = """\
  early: {kind: dense, from: norm, cross_group: true, group: b, units: 10}
training:
  loss: {kind: sum, of: [{kind: softmax_cross_entropy, from: out},
    {kind: mean_squared_error, from: early, weight: 0.3}]}
"""


def test_a_run_with_several_losses_answers_by_the_first_of_their_heads(
    tmp_path: Path, scans: list[Path], cli: Cli
) -> None:
    """Its test loss is that of the probabilities that it predicts for the right classes."""
    text = SMALL.replace("training:\n  loss: {kind: softmax_cross_entropy, from: out}\n", HEADS)
    trained = run(load(document.parse(text, "heads.yaml")), tmp_path / "r", steps=4)
    found = specnet.predict(tmp_path / "r", scans, top=10, progress=Progress(quiet=True))
    odds = [{guess.name: guess.probability for guess in p.guesses} for p in found]
    right = [odd[path.name[0]] for odd, path in zip(odds, scans, strict=True)]
    result = specnet.evaluate(tmp_path / "r", progress=Progress(quiet=True)).evaluation
    assert result.loss == pytest.approx(-np.log(right).mean(), rel=1e-5)  # measured 0
    assert result == trained.evaluation
    done = cli("evaluate", tmp_path / "r", "--json")
    assert (done.code, json.loads(done.out)["evaluation"]["loss"]) == (0, result.loss), done.err
    done = cli("predict", tmp_path / "r", scans[0], "--top", 1, "--json")
    (told,) = json.loads(done.out)["predictions"]
    assert told["top"][0]["probability"] == pytest.approx(max(odds[0].values()), rel=1e-5)


FOLDER = """\
specnet: 1
name: photos
data: {kind: image_folder, size: 12}
layers:
  image: {kind: input, shape: [3, 8, 8]}
  out: {kind: dense, from: image, units: 3}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 1e-4}
  augment: [{kind: random_crop, size: 8}]
  evaluate: {kind: ten_crop, size: 8}
  batch_size: 8
  epochs: 2
"""


def test_photographs_of_any_shape_are_treated_as_the_folder_treats_them(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for part, count in (("train", 8), ("test", 5)):
        for kind in ("cat", "dog", "emu"):
            (tmp_path / "photos" / part / kind).mkdir(parents=True)
            for index in range(count):
                noise = generator.integers(0, 256, size=(20 + index, 31 - index, 3), dtype=np.uint8)
                Image.fromarray(noise).save(tmp_path / "photos" / part / kind / f"{index}.png")
    folder = load(document.parse(FOLDER))
    trained = run(folder, tmp_path / "r", data=f"image_folder:{tmp_path / 'photos'}")
    files = sorted((tmp_path / "photos" / "test").rglob("*.png"))
    (tmp_path / "photos" / "train").rename(tmp_path / "gone")  # predicting needs no dataset
    found = list(predict(tmp_path / "r", files, progress=Progress(quiet=True)))
    own = [dict(zip((g.name for g in p.guesses), p.guesses, strict=True)) for p in found]
    assert set(own[0]) == {"cat", "dog", "emu"}
    losses = [-np.log(g[path.parent.name].probability) for g, path in zip(own, files, strict=True)]
    assert np.mean(losses) == pytest.approx(trained.evaluation.loss)


def test_bad_images_are_named_and_the_others_classified(
    small: Spec, tmp_path: Path, scans: list[Path]
) -> None:
    run(small, tmp_path / "r", steps=1)
    (tmp_path / "bad.png").write_text("no image")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    asked = [scans[0], tmp_path / "bad.png", tmp_path / "nowhere.png", tmp_path / "empty", scans[1]]
    found = list(predict(tmp_path / "r", asked, progress=Progress(quiet=True)))
    assert [bool(p.guesses) for p in found] == [True, False, False, False, True]
    messages = [p.error.message for p in found if p.error]
    assert all(str(path) in message for path, message in zip(asked[1:4], messages, strict=True))
    (alone,) = predict(tmp_path / "r", scans[1:2], progress=Progress(quiet=True))
    assert [g.name for g in alone.guesses] == [g.name for g in found[-1].guesses]


def test_a_folder_is_the_images_below_it(small: Spec, tmp_path: Path, scans: list[Path], cli: Cli) -> None:
    run(small, tmp_path / "r", steps=1)
    folder = tmp_path / "scans"
    names = ("b.png", "a/2.png", "a/10.PNG", "c.jpe", "noext", ".hidden.png", ".hidden/x.png", "a/._2.png")
    for name, scan in zip(names, scans[: len(names)], strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(scan, folder / name)
    (folder / "a" / "broken.jpg").write_text("no image")
    (folder / "labels.csv").write_text("2.png,7\n")
    (folder / "link").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    shown = ("a/10.PNG", "a/2.png", "a/broken.jpg", "b.png", "c.jpe", "noext")
    assert image_files(folder) == [str(folder / name) for name in shown]
    found = list(predict(tmp_path / "r", [scans[0], folder], progress=Progress(quiet=True)))
    assert [p.image for p in found] == [str(scans[0]), *image_files(folder)]
    alone = list(predict(tmp_path / "r", [folder / name for name in shown], progress=Progress(quiet=True)))
    names_of = [[guess.name for guess in p.guesses] for p in alone]
    assert [[guess.name for guess in p.guesses] for p in found[1:]] == names_of
    assert [p.image for p in found if p.error] == [str(folder / "a" / "broken.jpg")]
    done = cli("predict", tmp_path / "r", folder, "--top", 1)
    assert (done.code, "cannot read the image" in done.err, "broken.jpg" in done.err) == (2, True, True)
    lines = done.out.splitlines()
    assert lines[::2] == [str(folder / name) for name in shown if "broken" not in name]


def test_a_run_on_anything_but_images_is_refused(tmp_path: Path) -> None:
    text = """\
specnet: 1
name: vectors
data: {kind: synthetic}
layers:
  a: {kind: input, shape: [6]}
  b: {kind: dense, from: a, units: 3}
training: {loss: {kind: softmax_cross_entropy, from: b}, optimizer: {kind: sgd, learning_rate: 0.1}}
"""
    run(load(document.parse(text)), tmp_path / "r", steps=1)
    with pytest.raises(UsageError, match="trained on images of 6"):
        predict(tmp_path / "r", ["x.png"], progress=Progress(quiet=True))


def test_equal_classes_come_in_order_and_outputs_without_a_class_have_a_number() -> None:
    guesses = likeliest(np.array([0.25, 0.25, 0.5, 0.0]), ["cat", "dog"], 3)
    assert [g.name for g in guesses] == ["output 2", "cat", "dog"]
