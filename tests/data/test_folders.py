"""Folders of image files: what is read by what is in it, what is passed over, what is held out."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.data.base import Dataset, Wanted
from specnet.data.kinds.image_folder import ImageFolder
from specnet.data.kinds.imagenet import ImageNet
from specnet.data.prepare import manifest
from specnet.data.prepare.prepare import Options, prepare
from specnet.data.sources.decoding import BadImage, decode_bytes
from specnet.data.sources.file_kinds import why_not
from specnet.data.sources.no_data import is_not_data
from specnet.diagnostics.errors import DataError
from support import imagenet_files
from support.data_folders import APPLE_DOUBLE, AVIF, HEIC, classes, counts, flat, image, put

RGB = Wanted((3, 8, 8), 2)
Cli = Callable[..., Any]


def opened(folder: Path, held_out: float = 0.2) -> Dataset:
    return ImageFolder(held_out=held_out).open(str(folder), RGB)


def names(dataset: Dataset) -> list[str]:
    return [item.name for items in (dataset.train, dataset.test) for item in items.items]  # type: ignore[attr-defined]


def sides(dataset: Dataset) -> dict[str, tuple[int, int]]:
    """For each class the images to train on and to test on."""
    train, test = counts(dataset)
    return {name: (train.get(name, 0), test.get(name, 0)) for name in dataset.classes}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.2, {"a": (8, 2), "b": (8, 2), "c": (8, 2), "d": (8, 2)}),
        (0.25, {"a": (7, 3), "b": (7, 3), "c": (7, 3), "d": (7, 3)}),
        (0.01, dict.fromkeys("abcd", (9, 1))),
        (0.99, dict.fromkeys("abcd", (1, 9))),
    ],
)
def test_the_share_is_that_of_each_class(
    tmp_path: Path, share: float, expected: dict[str, tuple[int, int]]
) -> None:
    classes(tmp_path / "in", "a b c d", each=10)
    found = opened(tmp_path / "in", share)
    assert sides(found) == expected
    made = prepare(tmp_path / "in", tmp_path / "out", Options(size=8, held_out=share), 1)
    assert (made.train.images, made.test.images) == (len(found.train), len(found.test))
    again = opened(tmp_path / "in", share)
    assert names(again) == names(found)


def test_small_classes_are_on_both_sides_as_far_as_they_go(tmp_path: Path) -> None:
    classes(tmp_path, "one", each=1)
    classes(tmp_path, "two", each=2)
    classes(tmp_path, "three", each=3)
    assert sides(opened(tmp_path)) == {"one": (1, 0), "two": (1, 1), "three": (2, 1)}
    assert sides(opened(tmp_path, 0.9)) == {"one": (1, 0), "two": (1, 1), "three": (1, 2)}


def test_a_new_image_moves_at_most_one_other(tmp_path: Path) -> None:
    classes(tmp_path, "cat dog", each=20)
    before = {item.path for item in opened(tmp_path).test.items}  # type: ignore[attr-defined]
    for number in range(20, 40):
        put(tmp_path / "cat" / f"{number}.jpg")
        after = {item.path for item in opened(tmp_path).test.items}  # type: ignore[attr-defined]
        assert len(before - after) <= 1
        assert {path for path in before ^ after if "/dog/" in path} == set()
        before = after


NO_DATA = [
    *("._0.jpg", ".DS_Store", ".ipynb_checkpoints", ".Trash-1000", ".hidden.jpg", "__MACOSX", "Icon\r"),
    *(
        "@eaDir",
        "#recycle",
        "@Recycle",
        "$RECYCLE.BIN",
        "System Volume Information",
        "Thumbs.db",
        "THUMBS.DB",
    ),
    *("desktop.ini", "lost+found", "found.000", "0.jpg~", "0.jpg.part", "0.jpg.crdownload", "~$0.jpg"),
]


@pytest.mark.parametrize("name", NO_DATA)
def test_what_is_not_data_is_passed_over_at_every_level(tmp_path: Path, name: str) -> None:
    """As a file beside the images, as a folder among them, among the classes, and above."""
    assert is_not_data(name)
    for part in ("train", "test"):
        classes(tmp_path / "in" / part)
    clean = names(opened(tmp_path / "in"))
    inside = tmp_path / "in" / "train"
    put(inside / "cat" / name)
    flat(inside / "dog" / name)
    flat(inside / name, name="{}.png")
    flat(tmp_path / "in" / name)
    found = opened(tmp_path / "in")
    assert (names(found), list(found.classes)) == (clean, ["cat", "dog"])
    assert len(found.notes) == 1
    assert found.notes[0].startswith("passed over 4, as they are not data: ")
    said: list[str] = []
    made = prepare(tmp_path / "in", tmp_path / "out", Options(size=8), 1, note=said.append)
    assert said == list(found.notes)
    assert (made.train.images, made.test.images, made.train.skipped) == (6, 6, [])


@pytest.mark.parametrize(
    "name", ["lost", "trash", "recycled", "thumbs", "cat.", "system", "tmp", "..", "a.b"]
)
def test_names_that_are_data(name: str) -> None:
    assert not is_not_data(name)


def test_what_is_not_data_in_archives(tmp_path: Path) -> None:
    imagenet_files.official(tmp_path, each=1, validation=3)
    train, val = tmp_path / "ILSVRC2012_img_train.tar", tmp_path / "ILSVRC2012_img_val.tar"
    first = imagenet_files.CLASSES[0]
    images = imagenet_files.train_images(1)
    inner = {name: imagenet_files.tarred(files) for name, files in images.items()}
    junk = {"._x.JPEG": APPLE_DOUBLE, "__MACOSX/x.JPEG": b"x", ".DS_Store": b"x"}
    inner[first] = imagenet_files.tarred({**junk, **images[first]})
    outer = {"._n01440764.tar": APPLE_DOUBLE, ".DS_Store": b"x"}
    train.write_bytes(imagenet_files.tarred({**outer, **{f"{n}.tar": data for n, data in inner.items()}}))
    with tarfile.open(val, "a") as archive:
        member = tarfile.TarInfo("._ILSVRC2012_val_00000001.JPEG")
        member.size = len(APPLE_DOUBLE)
        archive.addfile(member, io.BytesIO(APPLE_DOUBLE))
    found = ImageNet(size=8).open(str(tmp_path), RGB)
    assert (len(found.train), len(found.test)) == (12, 3)
    assert found.notes == (
        "passed over 6, as they are not data: .DS_Store, ._ILSVRC2012_val_00000001.JPEG, ._n01440764.tar, "
        "._x.JPEG, __MACOSX",
    )


def test_empty_folders_are_no_classes(tmp_path: Path) -> None:
    classes(tmp_path / "in")
    (tmp_path / "in" / "emu").mkdir()
    put(tmp_path / "in" / "notes" / "read.txt", b"text")
    found = opened(tmp_path / "in")
    assert list(found.classes) == ["cat", "dog"]
    assert found.notes == ("no classes, as they hold no images: 'emu', 'notes'",)
    assert prepare(tmp_path / "in", tmp_path / "out", Options(size=8), 1).classes == ["cat", "dog"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("a.jfif", "JPEG"), ("a.jpe", "JPEG"), ("a", "JPEG"), ("a.jpg.1", "JPEG"), ("a.JPG", "JPEG")),
        *(
            ("a.txt", "JPEG"),
            ("a.dat", "PNG"),
            ("a", "GIF"),
            ("a.img", "BMP"),
            ("a", "WEBP"),
            ("a.0", "TIFF"),
        ),
        *(("a.pnm", "PPM"), ("a", "PPM"), ("a.heic", "JPEG")),
    ],
)
def test_images_are_known_by_their_content(tmp_path: Path, name: str, kind: str) -> None:
    classes(tmp_path / "in", each=5)
    put(tmp_path / "in" / "cat" / name, image(7, kind))
    found = opened(tmp_path / "in")
    assert f"cat/{name}" in names(found)
    assert found.notes == ()
    made = prepare(tmp_path / "in", tmp_path / "out", Options(size=8), 1)
    assert made.train.images + made.test.images == 11
    assert (made.train.skipped, made.test.skipped) == ([], [])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.heic", HEIC, "HEIC, which is not decoded"),
        ("a", HEIC, "HEIC, which is not decoded"),
        ("a.avif", AVIF, "AVIF, which is not decoded"),
        ("a.heic", b"damaged", "HEIC, which is not decoded"),
        ("a.jxl", b"\xff\x0a..", "JPEG XL, which is not decoded"),
        ("a.cr2", b"II*\0\x10\0\0\0CR", "camera raw, which is not decoded"),
        ("a.svg", b"<?xml version='1.0'?><svg/>", "SVG, which is not decoded"),
        ("notes.txt", b"BMW is a car, P5 a model, GIF a format", "not an image"),
        ("a.xml", b"<annotation/>", "not an image"),
        ("a", b"", "the file is empty"),
    ],
)
def test_what_is_not_read_is_named_and_counted(
    tmp_path: Path, cli: Cli, name: str, content: bytes, reason: str
) -> None:
    classes(tmp_path / "in", each=5)
    put(tmp_path / "in" / "cat" / name, content)
    note = f"left out 1 file ({reason}): cat/{name}"
    assert opened(tmp_path / "in").notes == (note,)
    done = cli("prepare", tmp_path / "in", tmp_path / "out", "--size", 8, "--workers", 1)
    assert done.code == 0
    assert note in done.err
    found = manifest.read(tmp_path / "out")
    assert [(left.name, left.reason) for left in found.left_out] == [(f"cat/{name}", reason)]
    strict = cli("prepare", tmp_path / "in", tmp_path / "strict", "--size", 8, "--workers", 1, "--strict")
    assert strict.code == (2 if "decoded" in reason else 0)


def test_a_class_of_which_nothing_is_read_stays_one(tmp_path: Path) -> None:
    classes(tmp_path, each=5)
    for number in range(12):
        put(tmp_path / "emu" / f"{number}.heic", HEIC)
    found = opened(tmp_path)
    assert sides(found) == {"cat": (4, 1), "dog": (4, 1), "emu": (0, 0)}
    assert found.notes == (
        "left out 12 files (HEIC, which is not decoded): emu/0.heic, emu/1.heic, ... (12)",
    )
    for name in ("cat", "dog"):
        (tmp_path / name).rename(tmp_path.with_name(f"{tmp_path.name}-{name}"))
    with pytest.raises(DataError, match=r"no images to train on\n.*JPEG, PNG(?s:.*)left out 12 files \(HEIC"):
        opened(tmp_path)


def test_a_format_that_is_not_decoded_is_named_whatever_the_file_is_called() -> None:
    for content, words in ((HEIC, "HEIC, which is not decoded"), (b"<html>", "not an image")):
        with pytest.raises(BadImage, match=words):
            decode_bytes(content, 3, 8)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_every_format_is_known_by_its_first_bytes(kind: str) -> None:
    assert why_not(image(3, kind)[:256]) == ""
