"""ImageNet's archives as they are distributed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.data.base import Wanted
from specnet.data.kinds.imagenet import ImageNet
from specnet.testing.comparing import assert_equal
from support import imagenet_files
from support.prepared import contents, made, opened, shown

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


def test_archives_and_their_tree_give_the_same_images(tmp_path: Path) -> None:
    imagenet_files.official(tmp_path / "archives", each=4, validation=24)
    imagenet_files.tree(tmp_path / "tree", each=4, validation=24)
    first = made(tmp_path / "archives", tmp_path / "a", workers=2)
    made(tmp_path / "tree", tmp_path / "t")
    assert contents(tmp_path / "a") == contents(tmp_path / "t")
    assert first.classes == imagenet_files.CLASSES
    assert first.words == imagenet_files.WORDS
    data = ImageNet(size=16).open(str(tmp_path / "a"), Wanted((3, 16, 16), 12))
    direct = ImageNet(size=16).open(str(tmp_path / "archives"), Wanted((3, 16, 16), 12))
    assert data.classes[3] == f"{imagenet_files.CLASSES[3]} thing 3"
    assert_equal(shown(data.test, np.arange(24)), shown(direct.test, np.arange(24)))


def test_labels_are_those_of_the_ground_truth(tmp_path: Path) -> None:
    imagenet_files.official(tmp_path / "archives", each=2, validation=24)
    made(tmp_path / "archives", tmp_path / "out")
    _, shown = imagenet_files.validation_images(24)
    names = (tmp_path / "out" / "test-names.txt").read_text().splitlines()
    labels = opened(tmp_path / "out").test.read(np.arange(24))[1]
    for line, label in zip(names, labels, strict=True):
        number = int(line.split("\t")[0][-13:-5])
        assert imagenet_files.CLASSES[label] == shown[number - 1]


def test_what_is_missing_of_imagenet_is_named(tmp_path: Path, cli: Cli) -> None:
    for missing in ("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"):
        folder = tmp_path / missing
        imagenet_files.official(folder, each=1, validation=3)
        (folder / missing).unlink()
        done = cli("prepare", folder, tmp_path / "out", "--workers", 1)
        assert done.code == 2
        assert missing in done.err


def test_bad_images_in_archives(tmp_path: Path) -> None:
    folder = tmp_path / "archives"
    imagenet_files.official(folder, each=2, validation=3)
    first, *others = imagenet_files.CLASSES
    images = imagenet_files.train_images(2)
    classes = {name: imagenet_files.tarred(images[name]) for name in others}
    broken = {"a.JPEG": b"", "b\n.JPEG": b"no image", "../../c.JPEG": images[first][f"{first}_0.JPEG"]}
    classes[first] = imagenet_files.tarred(broken)
    outer = imagenet_files.tarred({f"{name}.tar": data for name, data in classes.items()})
    (folder / "ILSVRC2012_img_train.tar").write_bytes(outer)
    found = made(folder, tmp_path / "out")
    assert {(s.name, s.reason) for s in found.train.skipped} == {
        (f"train/{first}/a.JPEG", "the file is empty"),
        (rf"train/{first}/b\n.JPEG", "not an image"),
    }
    assert found.train.images == 2 * 11 + 1
    assert {path.name for path in tmp_path.iterdir()} == {"archives", "out"}
