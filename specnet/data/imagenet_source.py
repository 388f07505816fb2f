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

from specnet.data import devkit
from specnet.data.devkit import VALIDATION_NAME, WORDNET_ID, Devkit
from specnet.data.sources import Item, Source, Watch, class_names, image_files, labelled, relative
from specnet.data.tar_index import Member, Read, members
from specnet.errors import DataError, suggestion
from specnet.text import printable

TRAIN = "ILSVRC2012_img_train.tar"
VALIDATION = "ILSVRC2012_img_val.tar"


def is_imagenet(root: Path) -> bool:
    """Whether a folder is laid out as ImageNet is distributed, rather than as an ordinary image folder."""
    if any((root / name).is_file() for name in (TRAIN, VALIDATION)):
        return True
    return (root / "train").is_dir() and _is_flat(root / "val")


def imagenet_source(root: Path, watch: Watch | None = None) -> Source:
    """The source in such a folder. Raises `DataError` for what is missing or does not fit together."""
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DataError(f"the data folder {root} {what}", f"it holds {TRAIN}, {VALIDATION}, {devkit.ARCHIVE}")
    kit = devkit.find(root)
    if (root / TRAIN).is_file():
        classes, train = _train_archive(root / TRAIN, watch)
    elif (root / "train").is_dir():
        classes = class_names(root / "train")
        train = labelled(root / "train", classes, root)
    else:
        raise DataError(f"{root} has neither {TRAIN} nor a folder 'train'", _layout())
    if (root / VALIDATION).is_file():
        test = _validation(_archived(root / VALIDATION, watch), classes, kit, root)
    elif _is_flat(root / "val"):
        test = _validation(_unpacked(root / "val", root), classes, kit, root)
    elif (root / "val").is_dir():
        test = labelled(root / "val", classes, root)
    else:
        raise DataError(f"{root} has neither {VALIDATION} nor a folder 'val'", _layout())
    return Source(root, classes, train, test, kit.words if kit else {}).check()


def _layout() -> str:
    return f"the official files are {TRAIN}, {VALIDATION} and {devkit.ARCHIVE}"


def _is_flat(folder: Path) -> bool:
    """Whether a folder holds validation images and no class folders."""
    try:
        with os.scandir(folder) as entries:
            return any(VALIDATION_NAME.fullmatch(entry.name) for entry in entries)
    except OSError:
        return False


def _train_archive(path: Path, watch: Watch | None) -> tuple[list[str], list[Item]]:
    """Class names and items of the tar of tars."""
    found: list[tuple[str, list[Member]]] = []
    with _reading(path) as (read, length):
        for outer in members(read, 0, length, str(path)):
            name = outer.name.rpartition("/")[2].removesuffix(".tar")
            if not outer.is_file:
                continue
            if not WORDNET_ID.fullmatch(name):
                hint = "its members are one archive for each class, such as n01440764.tar"
                raise DataError(f"{path} holds '{printable(outer.name)[:80]}'", hint)
            inside = members(read, outer.offset, outer.offset + outer.size, f"{path}: {name}.tar")
            # A folder's entry is no image; a link's or a device's would be one if it could be read.
            found.append((name, [member for member in inside if not member.name.endswith("/")]))
            if watch:
                watch("indexing MB", (outer.offset + outer.size) // 10**6, length // 10**6)
    classes = sorted(name for name, _ in found)
    twice = [a for a, b in itertools.pairwise(classes) if a == b]
    if twice:
        raise DataError(f"{path} holds the class {twice[0]} twice")
    items: list[Item] = []
    for label, (name, images) in enumerate(sorted(found)):
        items += [_item(f"train/{name}/{image.name}", label, path, image) for image in sorted(images)]
    return classes, items


def _item(name: str, label: int, path: Path, member: Member) -> Item:
    fault = "" if member.is_file else "not a file in the archive, but a link or a device"
    fault = fault or ("" if member.size else "the file is empty")
    return Item(printable(name), label, str(path), member.offset, member.size, fault)


def _archived(path: Path, watch: Watch | None) -> Iterator[tuple[str, Item]]:
    with _reading(path) as (read, length):
        for member in members(read, 0, length, str(path)):
            name = member.name.rpartition("/")[2]
            if name:
                yield name, _item(f"val/{name}", 0, path, member)
            if watch:
                watch("indexing MB", member.offset // 10**6, length // 10**6)


def _unpacked(folder: Path, root: Path) -> Iterator[tuple[str, Item]]:
    for path, fault in image_files(str(folder)):
        yield Path(path).name, Item(printable(relative(path, root)), 0, path, fault=fault)


def _validation(
    images: Iterator[tuple[str, Item]], classes: Sequence[str], kit: Devkit | None, root: Path
) -> list[Item]:
    """Validation images with the labels of the ground truth, by class and name as everywhere."""
    if kit is None:
        hint = f"put {devkit.ARCHIVE} there, or sort the images into class folders"
        raise DataError(f"{root} has no devkit, which says what the validation images show", hint)
    numbers = {name: number for number, name in enumerate(classes)}
    items: list[Item] = []
    for name, item in images:
        shown = kit.wordnet_id(name)
        if shown not in numbers:
            message = f"'{item.name}' shows {shown}, which is none of the {len(classes):,} classes"
            raise DataError(message, suggestion(shown, classes, noun="class"))
        items.append(item._replace(label=numbers[shown]))
    return sorted(items, key=lambda item: (item.label, item.name))


@contextmanager
def _reading(path: Path) -> Iterator[tuple[Read, int]]:
    """A function that reads from an archive, and the archive's length."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    try:
        yield (lambda offset, size: os.pread(descriptor, size, offset)), os.fstat(descriptor).st_size
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    finally:
        os.close(descriptor)
