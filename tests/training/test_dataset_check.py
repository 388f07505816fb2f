"""What is said about a dataset by `validate --data`, by the dry run, and by `train` when it starts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import DataError
from specnet.spec.spec import load
from specnet.syntax import document
from support.data_folders import APPLE_DOUBLE, HEIC, classes, put
from support.training_runs import dry, run

Cli = Callable[..., Any]
SPEC = """\
specnet: 1
name: photos
layers:
  image: {kind: input, shape: [3, 8, 8]}
  out: {kind: dense, from: image, units: 4}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 1e-4}
  batch_size: 8
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "photos.yaml").write_text(SPEC)
    return tmp_path / "photos.yaml"


def commands(spec: Path, folder: Path) -> dict[str, list[object]]:
    data = ["--data", f"image_folder:{folder}"]
    return {
        "validate": ["validate", spec, *data],
        "dry run": ["train", spec, *data, "--dry-run"],
        "train": ["train", spec, *data, "--run-dir", spec.parent / "run"],
    }


def one_class(root: Path) -> None:
    classes(root, "cat", each=5)


def too_few(root: Path) -> None:
    classes(root, "cat dog emu", each=5)


def one_image(root: Path) -> None:
    classes(root, "cat dog emu", each=5)
    classes(root, "fox", each=1)


def none_to_train_on(root: Path) -> None:
    for part in ("train", "val"):
        classes(root / part, "cat dog emu fox", each=2)
    for path in (root / "train" / "emu").iterdir():
        path.rename(path.with_suffix(".heic"))
        path.with_suffix(".heic").write_bytes(HEIC)


def as_many(root: Path) -> None:
    classes(root, "cat dog emu fox", each=5)


@pytest.mark.parametrize(
    ("make", "warnings"),
    [
        (one_class, ["all images to train on show one class, 'cat'", "has 1 class, and 'out' has 4 outputs"]),
        (too_few, ["the dataset has 3 classes, and 'out' has 4 outputs"]),
        (one_image, ["1 class without images to test on: fox"]),
        (none_to_train_on, ["1 class without images to train on: emu"]),
        (as_many, []),
    ],
)
def test_classes_that_are_seldom_meant(
    cli: Cli, spec: Path, tmp_path: Path, make: Callable[[Path], None], warnings: list[str]
) -> None:
    make(tmp_path / "in")
    for name, command in commands(spec, tmp_path / "in").items():
        done = cli(*command)
        assert done.code == 0, done.err
        assert done.err.count("warning SN606: ") == len(warnings), name
        for words in warnings:
            assert words in done.err, name
    assert cli(*commands(spec, tmp_path / "in")["validate"], "--strict").code == (1 if warnings else 0)


def test_more_classes_than_outputs_are_refused(cli: Cli, spec: Path, tmp_path: Path) -> None:
    classes(tmp_path / "in", "a b c d e", each=2)
    for command in commands(spec, tmp_path / "in").values():
        done = cli(*command)
        assert done.code == 2
        assert "the dataset has 5 classes, and the network tells 4 apart" in done.err
        assert "--set layers.out.units=5" in done.err


def test_validate_says_what_a_dataset_holds(cli: Cli, spec: Path, tmp_path: Path) -> None:
    for name, each in (("train", 3), ("val", 2), ("test", 1)):
        classes(tmp_path / "in" / name, "cat dog emu fox", each=each)
    put(tmp_path / "in" / "train" / "cat" / "._0.jpg", APPLE_DOUBLE)
    data = f"image_folder:{tmp_path / 'in'}"
    done = cli("validate", spec, "--data", data)
    assert f"data: {data}, 12 training and 4 test images, 3x8x8, 4 classes" in done.out
    assert "  tested on 'test'; --set 'data={kind: image_folder, test: val}' takes 'val'" in done.out
    assert "  passed over 1, as they are not data: ._0.jpg" in done.out
    option = "data={kind: image_folder, test: val}"
    found = json.loads(cli("validate", spec, "--data", data, "--set", option, "--json").out)
    (contents,) = found["data"]
    assert (contents["classes"], contents["train_images"], contents["test_images"]) == (4, 12, 8)
    assert contents["notes"] == ["passed over 1, as they are not data: ._0.jpg"]
    rehearsed = json.loads(cli("train", spec, "--data", data, "--set", option, "--dry-run", "--json").out)
    assert rehearsed["data"]["notes"] == contents["notes"]
    assert rehearsed["warnings"] == []
    plain = json.loads(cli("validate", spec, "--json").out)
    assert "data" not in plain


def test_validate_reports_data_that_cannot_be_used_beside_the_rest(
    cli: Cli, spec: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(SPEC.replace("units: 4", "unit: 4"))
    done = cli("validate", spec, other, "--data", f"image_folder:{tmp_path / 'nowhere'}", "--json")
    assert done.code == 2
    found = json.loads(done.out)
    assert not found["valid"]
    assert {"SN801", "SN201"} == {diagnostic["code"] for diagnostic in found["diagnostics"]}


def test_the_dry_run_reads_every_image(cli: Cli, spec: Path, tmp_path: Path) -> None:
    """What training would stop at, in the middle of an epoch or when it tests, is named before."""
    for part in ("train", "val"):
        classes(tmp_path / "in" / part, "cat dog emu fox", each=3)
    network, data = load(document.read(spec)), f"image_folder:{tmp_path / 'in'}"
    assert dry(network, tmp_path / "run", data=data).contents.train_images == 12
    bad = tmp_path / "in" / "val" / "emu" / "1.jpg"
    bad.write_bytes(bad.read_bytes()[:300])
    with pytest.raises(DataError) as named:
        dry(network, tmp_path / "run", data=data)
    with pytest.raises(DataError) as died:
        run(network, tmp_path / "run", data=data)
    assert named.value.message == died.value.message == f"cannot read the image {bad}: truncated"
    put(tmp_path / "in" / "train" / "cat" / "0.jpg", b"<html>404</html>")
    done = cli(*commands(spec, tmp_path / "in")["dry run"])
    assert done.code == 2
    assert "2 of 24 images cannot be read" in done.err
    assert f"{tmp_path}/in/train/cat/0.jpg: not an image" in done.err
    assert f"{bad}: truncated" in done.err


def test_hidden_copies_of_test_images_are_not_trained_on(cli: Cli, spec: Path, tmp_path: Path) -> None:
    """A dry run that finds nothing, and a training that agrees with it."""
    for part in ("train", "val"):
        classes(tmp_path / "in" / part, "cat dog emu fox", each=3)
    for image in (tmp_path / "in" / "val" / "cat").iterdir():
        put(tmp_path / "in" / "train" / "cat" / ".ipynb_checkpoints" / image.name, image.read_bytes())
        put(tmp_path / "in" / "train" / "cat" / "@eaDir" / image.name / "SYNOPHOTO_THUMB_M.jpg")
        put(image.with_name(f"._{image.name}"), APPLE_DOUBLE)
    for name, command in commands(spec, tmp_path / "in").items():
        done = cli(*command)
        assert done.code == 0, done.err
        assert "passed over 5, as they are not data: " in done.out + done.err, name
    assert "12 training and 12 test images" in cli(*commands(spec, tmp_path / "in")["validate"]).out


def test_plain_validate_opens_nothing(
    cli: Cli, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "scandir", None)
    assert cli("validate", spec).code == 0
