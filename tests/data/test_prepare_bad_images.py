"""`specnet prepare` names what it cannot use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.data.prepare import manifest, prepare
from specnet.diagnostics.errors import DataError
from support import image_files
from support.prepared import SMALL, made, opened

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


def test_thirteen_kinds_of_bad_images(
    photos: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = image_files.converted(photos / "train" / "dog")
    bad = image_files.bad(photos / "train" / "dog")
    image_files.forbid(monkeypatch, "unreadable.png")
    done = cli("prepare", photos, tmp_path / "out", "--size", 16, "--workers", 1)
    assert done.code == 0, done.err
    found = manifest.read(tmp_path / "out")
    assert found.train.images == 90 + len(good)
    skipped = {s.name.removeprefix("train/dog/"): s.reason for s in found.train.skipped}
    assert set(skipped) == set(bad)
    for name, words in bad.items():
        assert words in skipped[name], name
    assert f"skipped train/dog/empty.jpg: {bad['empty.jpg']}" in done.err
    # The transparent palette image counts as both; small ones are enlarged, and all of them are.
    assert found.train.converted == {
        "16 bits": 1,
        "CMYK": 1,
        "enlarged": len(good),
        "grayscale": 2,
        "palette": 2,
        "rotated": 1,
        "transparency": 1,
    }
    assert "converted: 16 bits 1, CMYK 1" in done.err
    names = (tmp_path / "out" / "train-names.txt").read_text().splitlines()
    assert "train/dog/cmyk.jpg\tCMYK\tenlarged" in names
    stored = opened(tmp_path / "out")
    pixels, labels = stored.train.read(np.array([names.index("train/dog/one_pixel.png\tenlarged")]))
    assert (pixels[0, :, 5, 5].tolist(), labels[0]) == (list(image_files.GREEN), 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_strict_stops_at_the_first_one_and_goes_on_when_it_is_mended(
    photos: Path, tmp_path: Path, cli: Cli, workers: int
) -> None:
    broken = photos / "train" / "dog" / "7.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:100])
    command = ("prepare", photos, tmp_path / "out", "--size", 16, "--workers", workers)
    done = cli(*command, "--strict")
    assert done.code == 2
    assert done.err.count("error") == 1
    assert f"cannot read the image {broken}: truncated" in done.err
    assert not (tmp_path / "out" / "manifest.json").exists()
    broken.write_bytes(whole)
    done = cli(*command, "--strict")
    assert done.code == 0, done.err
    assert manifest.read(tmp_path / "out").train.images == 90


def test_strict_does_not_accept_what_was_skipped_before(photos: Path, tmp_path: Path, cli: Cli) -> None:
    (photos / "val" / "dog" / "7.png").write_text("no image")
    command = ("prepare", photos, tmp_path / "out", "--size", 16, "--workers", 1)
    assert cli(*command).code == 0
    done = cli(*command, "--strict")
    assert done.code == 2
    assert "without the image val/dog/7.png: not an image" in done.err


def test_a_source_that_vanishes_is_not_a_folder_of_bad_images(photos: Path, tmp_path: Path) -> None:
    def watch(what: str, done: int, total: int) -> None:
        if done >= 16 and photos.exists():
            photos.rename(tmp_path / "elsewhere")

    with pytest.raises(DataError, match="photos is gone"):
        prepare.prepare(photos, tmp_path / "out", SMALL, 1, watch)
    (tmp_path / "elsewhere").rename(photos)
    assert made(photos, tmp_path / "out").train.images == 90
