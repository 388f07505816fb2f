"""Where images come from: a list of them with their labels, wherever their bytes lie.

An item is a file, or a stretch of an archive that is never unpacked. Lists are in an order that does not
depend on the file system: by class, then by name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from specnet.data.decoding import SUFFIXES, BadImage, decode_bytes, read_bytes, unreadable
from specnet.errors import DataError
from specnet.text import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Watch = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is in all."""


class Item(NamedTuple):
    """One image. `size` is None for a whole file; `fault` says why it cannot be read, if that is known."""

    name: str
    label: int
    path: str
    offset: int = 0
    size: int | None = None
    fault: str = ""


@dataclass(frozen=True)
class Source:
    """Labelled images. `words` describes classes, where the source does."""

    root: Path
    classes: Sequence[str]
    train: Sequence[Item]
    test: Sequence[Item]
    words: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> Source:
        """Itself. Raises `DataError` if there is nothing to train on or nothing to test on."""
        for part, items in (("train on", self.train), ("test on", self.test)):
            if not items:
                hint = f"image files end in {', '.join(sorted(SUFFIXES))}"
                raise DataError(f"{self.root} has no images to {part}", hint)
        return self


@dataclass(frozen=True)
class Files:
    """Images that are decoded when they are read."""

    items: Sequence[Item]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.items)

    def name(self, index: int) -> str:
        return self.items[index].name

    def read(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        import numpy as np

        chosen = [self.items[int(index)] for index in indices]
        images = np.empty((len(chosen), *self.shape), dtype=np.uint8)
        for image, item in zip(images, chosen, strict=True):
            try:
                image[:] = pixels(item, self.shape[0], self.shape[1])[0]
            except BadImage as bad:
                raise refusal(item, str(bad)) from bad
        return images, np.array([item.label for item in chosen], dtype=np.int64)


def pixels(item: Item, channels: int, size: int) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """What `decode_bytes` makes of an item. Raises `BadImage`."""
    if item.fault:
        raise BadImage(item.fault)
    return decode_bytes(read_bytes(item.path, item.offset, item.size), channels, size)


def refusal(item: Item, reason: str) -> DataError:
    """The error that names an image which cannot be used."""
    inside = f" in {item.path}" if item.size is not None else ""
    name = item.name if item.size is not None else item.path
    hint = "repair, replace or remove it; `specnet prepare` can leave such images out"
    return DataError(f"cannot read the image {name}{inside}: {reason}", hint)


def split_folders(root: Path, usage: str) -> tuple[Path, Path | None]:
    """The training folder and the test folder, if the split is given."""
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DataError(f"the data folder {root} {what}", usage)
    train = root / "train"
    if not train.is_dir():
        return root, None
    for name in ("test", "val"):
        if (root / name).is_dir():
            return train, root / name
    raise DataError(f"{root} has a folder 'train' but neither 'test' nor 'val'", "add one of them")


def class_names(root: Path) -> list[str]:
    """The class folders, by name."""
    names = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise DataError(f"{root} holds no class folders", "each class is a folder of images")
    return names


def folder_source(root: Path, held_out: float, usage: str) -> Source:
    """The source in a folder of class folders, or of such folders for training and testing.

    `usage` is the hint if there is no such folder.
    """
    train_root, test_root = split_folders(root, usage)
    classes = class_names(train_root)
    train = labelled(train_root, classes, root)
    if test_root is not None:
        test = labelled(test_root, classes, root)
    else:
        test = [item for item in train if is_held_out(item.path, root, held_out)]
        train = [item for item in train if not is_held_out(item.path, root, held_out)]
    return Source(root, classes, train, test).check()


def labelled(folder: Path, classes: Sequence[str], root: Path) -> list[Item]:
    """Every image file of the class folders in `folder`, named by its path from `root`."""
    extra = sorted(set(class_names(folder)) - set(classes))
    if extra:
        raise DataError(f"{folder} has a class '{extra[0]}' that the training folder does not have")
    items: list[Item] = []
    for label, name in enumerate(classes):
        inside = folder / name
        if not inside.is_dir():
            continue
        if inside.is_symlink() and folder.resolve().is_relative_to(inside.resolve()):
            items.append(
                Item(printable(relative(str(inside), root)), label, str(inside), fault="a link that loops")
            )
            continue
        found = sorted(image_files(str(inside)), key=lambda pair: pair[0].split("/"))
        items += [Item(printable(relative(path, root)), label, path, fault=fault) for path, fault in found]
    return items


def image_files(folder: str) -> Iterator[tuple[str, str]]:
    """Paths below a folder that bear an image's suffix, and of what cannot be looked at: with its fault.

    Links to folders are not followed, so that nothing is found twice and the walk ends.
    """
    waiting = [folder]  # not by recursion: a stranger's folders may be deeper than Python's stack
    while waiting:
        inside = waiting.pop()
        try:
            entries = list(os.scandir(inside))
        except OSError as error:
            yield inside, unreadable(error, inside)
            continue
        for entry in entries:
            if not entry.is_symlink() and entry.is_dir():
                waiting.append(entry.path)
            else:
                yield from _looked_at(entry, inside)


def _looked_at(entry: os.DirEntry[str], folder: str) -> Iterator[tuple[str, str]]:
    """The path of what is no folder, if it is an image or cannot be looked at, and its fault."""
    is_image = PurePath(entry.name).suffix.lower() in SUFFIXES
    try:
        if entry.is_dir():
            above = os.path.realpath(folder).startswith(os.path.realpath(entry.path).rstrip("/") + "/")
            yield entry.path, "a link that loops" if above else "a link to a folder, which is not followed"
        elif is_image:
            yield entry.path, ""
    except OSError as error:
        yield entry.path, unreadable(error, entry.path)


def relative(path: str, root: Path) -> str:
    """A path below `root`, as it was built from it, without it."""
    return path if str(root) == "." else path.removeprefix(f"{root}/")


def is_held_out(path: str, root: Path, share: float) -> bool:
    """Whether a file is tested on. Depends on its name alone, so new files move no old ones."""
    digest = hashlib.blake2b(os.fsencode(relative(path, root)), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64
