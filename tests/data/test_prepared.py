"""What `specnet prepare` has made is verified, and read as far as it is intact."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.diagnostics.errors import DataError
from support.prepared import made, opened, textured_photos

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return textured_photos(tmp_path / "photos")


def test_verify_finds_a_flipped_bit(photos: Path, tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "out"
    made(photos, out)
    assert "every file is as it was made" in cli("prepare", "--verify", out).out
    for name in ("train-00001.bin", "test-names.txt"):
        whole = (out / name).read_bytes()
        (out / name).write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
        found = cli("prepare", "--verify", out)
        assert (found.code, found.out) == (1, f"{out / name}: damaged\n")
        (out / name).write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("train-00001.bin", "train-00001.bin has .* bytes, and the manifest says"),
        ("labels.safetensors", "has .* bytes"),
        ("manifest.json", "manifest.json cannot be read"),
    ],
)
def test_a_folder_that_was_cut_short_is_refused(photos: Path, tmp_path: Path, name: str, words: str) -> None:
    made(photos, tmp_path / "out")
    path = tmp_path / "out" / name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=words):
        opened(tmp_path / "out")


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("train", "shards"), [1, 89], "does not fit"),
        (("train", "shards"), [90], "does not name the files"),
        (("train", "images"), 89, "in two ways"),
        (("shape",), [3, 2**40, 1], "shape.1"),
        (("shape",), [3, 16], "shape"),
        (("classes",), ["cat"], "labels of no class"),
        (("schema_version",), 2, "schema_version"),
        (("files", "../../etc/passwd"), {"bytes": 1, "sha256": "0" * 64}, "does not name the files"),
    ],
)
def test_a_manifest_that_lies_is_refused(
    photos: Path, tmp_path: Path, place: tuple[str, ...], value: object, words: str
) -> None:
    made(photos, tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    document = json.loads(path.read_bytes())
    part = document
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=words):
        opened(tmp_path / "out")


def test_changed_labels_are_noticed(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "out")
    path = tmp_path / "out" / "labels.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="has changed since it was made"):
        opened(tmp_path / "out")


def test_a_dataset_that_vanishes_is_one_message(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "out")
    data = opened(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(DataError, match=r"cannot read .*train-00000\.bin"):
        data.train.read(np.arange(3))
