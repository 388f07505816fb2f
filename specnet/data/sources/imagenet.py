"""ImageNet as it is distributed: archives as they are, or the tree that they unpack to.

    ILSVRC2012_img_train.tar        a tar of one tar for each class, n01440764.tar and so on
    ILSVRC2012_img_val.tar          ILSVRC2012_val_00000001.JPEG and so on
    ILSVRC2012_devkit_t12.tar.gz    the ground truth of these, and the synset table

In place of the first there may be a folder `train` of class folders; of the second, a folder `val` with the
images or with class folders; of the third, what it unpacks to. Archives are indexed and read where they lie.
Classes are in the order of their WordNet ids.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from specnet.data.sources import devkit
from specnet.data.sources.devkit import VALIDATION_NAME, WORDNET_ID, Devkit
from specnet.data.sources.files import Item, Source, Watch, by_truth, labelled
from specnet.data.sources.folders import LeftOut, entries, folders, holds_images, image_files, relative
from specnet.data.sources.no_data import not_data_in
from specnet.data.sources.tar_index import Member, Read, members
from specnet.diagnostics.errors import DataError
from specnet.storage import reading
from specnet.text import printable

TRAIN = "ILSVRC2012_img_train.tar"
VALIDATION = "ILSVRC2012_img_val.tar"


def has_archives(root: Path) -> bool:
    """Whether a folder holds ImageNet's archives, rather than images in folders."""
    return any((root / name).is_file() for name in (TRAIN, VALIDATION))


def imagenet_source(root: Path, watch: Watch | None = None) -> Source:
    """The source in such a folder. Raises `DataError` for what is missing or does not fit together."""
    left, kit = LeftOut(root), devkit.find(root)
    if (root / TRAIN).is_file():
        classes, train = _train_archive(root / TRAIN, left, watch)
    elif (root / "train").is_dir():
        by_class = _classes(root / "train", left)
        classes = sorted(by_class)
        train = labelled(by_class, classes, root, left)
    else:
        raise DataError(f"{root} has neither {TRAIN} nor a folder 'train'", _layout())
    if (root / VALIDATION).is_file():
        test = _validation(_archived(root / VALIDATION, left, watch), classes, kit, root)
    elif _is_flat(root / "val"):
        test = _validation(_unpacked(root / "val", root, left), classes, kit, root)
    elif (root / "val").is_dir():
        test = labelled(_classes(root / "val", left), classes, root, left)
    else:
        raise DataError(f"{root} has neither {VALIDATION} nor a folder 'val'", _layout())
    words = kit.words if kit else {}
    return Source(root, classes, train, test, words, left.left_out(), tuple(left.notes())).check()


def _classes(folder: Path, left: LeftOut) -> dict[str, Path]:
    entries(folder, left)
    return {inside.name: inside for inside in folders(folder) if holds_images(inside)}


def _layout() -> str:
    return f"the official files are {TRAIN}, {VALIDATION} and {devkit.ARCHIVE}"


def _is_flat(folder: Path) -> bool:
    """Whether a folder holds validation images and no class folders."""
    try:
        with os.scandir(folder) as entries:
            return any(VALIDATION_NAME.fullmatch(entry.name) for entry in entries)
    except OSError:
        return False


def _train_archive(path: Path, left: LeftOut, watch: Watch | None) -> tuple[list[str], list[Item]]:
    """Class names and items of the tar of tars."""
    archives: list[tuple[str, list[Member]]] = []
    with _reading(path) as (read, length):
        for outer in members(read, 0, length, str(path)):
            name = outer.name.rpartition("/")[2].removesuffix(".tar")
            if not outer.is_file or _passed_over(outer, left):
                continue
            if not WORDNET_ID.fullmatch(name):
                hint = "its members are one archive for each class, such as n01440764.tar"
                raise DataError(f"{path} holds '{printable(outer.name)[:80]}'", hint)
            inside = members(read, outer.offset, outer.offset + outer.size, f"{path}: {name}.tar")
            # A folder's entry is not an image; a link's or a device's would be one if it could be read.
            images = [m for m in inside if not m.name.endswith("/") and not _passed_over(m, left)]
            archives.append((name, images))
            if watch:
                watch("indexing MB", (outer.offset + outer.size) // 10**6, length // 10**6)
    classes = sorted(name for name, _ in archives)
    twice = [a for a, b in itertools.pairwise(classes) if a == b]
    if twice:
        raise DataError(f"{path} holds the class {twice[0]} twice")
    items: list[Item] = []
    for label, (name, inside_class) in enumerate(sorted(archives)):
        items += [_item(f"train/{name}/{image.name}", label, path, image) for image in sorted(inside_class)]
    return classes, items


def _item(name: str, label: int, path: Path, member: Member) -> Item:
    reason = "" if member.is_file else "not a file in the archive, but a link or a device"
    reason = reason or ("" if member.size else "the file is empty")
    return Item(printable(name), label, str(path), member.offset, member.size, reason)


def _passed_over(member: Member, left: LeftOut) -> bool:
    """Whether a member is not data by its name."""
    name = not_data_in(member.name)
    if name is not None:
        left.not_data[name] += 1
    return name is not None


def _archived(path: Path, left: LeftOut, watch: Watch | None) -> Iterator[tuple[str, Item]]:
    with _reading(path) as (read, length):
        for member in members(read, 0, length, str(path)):
            name = member.name.rpartition("/")[2]
            if name and not _passed_over(member, left):
                yield name, _item(f"val/{name}", 0, path, member)
            if watch:
                watch("indexing MB", member.offset // 10**6, length // 10**6)


def _unpacked(folder: Path, root: Path, left: LeftOut) -> Iterator[tuple[str, Item]]:
    for path, reason in image_files(str(folder), left):
        yield Path(path).name, Item(printable(relative(path, root)), 0, path, unreadable=reason)


def _validation(
    images: Iterator[tuple[str, Item]], classes: Sequence[str], kit: Devkit | None, root: Path
) -> list[Item]:
    """Validation images with the labels of the ground truth, by class and name as everywhere."""
    if kit is None:
        hint = f"put {devkit.ARCHIVE} there, or sort the images into class folders"
        raise DataError(f"{root} has no devkit, which says what the validation images show", hint)
    return by_truth(images, classes, kit)


@contextmanager
def _reading(path: Path) -> Iterator[tuple[Read, int]]:
    """A function that reads from an archive, and the archive's length."""
    try:
        with reading.opened_plain(path) as (descriptor, size):
            yield (lambda offset, count: os.pread(descriptor, count, offset)), size
    except reading.Unfit as error:
        raise DataError(f"cannot read {path}: {error}") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
