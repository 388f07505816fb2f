"""Where images come from: a list of them with their labels, wherever their bytes lie.

An item is a file, or a stretch of an archive that is never unpacked. Lists are in an order that does not
depend on the file system: by class, then by name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from specnet.data.sources.class_folders import loops
from specnet.data.sources.decoding import FORMATS, BadImage, decode_bytes, read_bytes
from specnet.data.sources.find_layout import find
from specnet.data.sources.folders import LeftOut, image_files, relative
from specnet.data.sources.layout import Choice, Flat
from specnet.data.sources.truth import Truth
from specnet.diagnostics.errors import DataError
from specnet.diagnostics.suggestions import suggestion
from specnet.text import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 256
"""Images that are decoded between two reports of progress."""
MOST_THREADS = 8
"""Each may hold an image of `LARGEST_IMAGE` pixels."""

Watch = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is in all."""


class Item(NamedTuple):
    """One image. `size` is None for a file of its own; `unreadable` says why it cannot be read, if known."""

    name: str
    label: int
    path: str
    offset: int = 0
    size: int | None = None
    unreadable: str = ""


@dataclass(frozen=True)
class Source:
    """Labelled images. `words` describes classes, where the source does; `left_out` names the files that are
    not images, or of a format that is not decoded, with the reason; `notes` say how the source was read."""

    root: Path
    classes: Sequence[str]
    train: Sequence[Item]
    test: Sequence[Item]
    words: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    def check(self) -> Source:
        """Itself. Raises `DataError` if there is nothing to train on or nothing to test on."""
        for part, items in (("train on", self.train), ("test on", self.test)):
            if not items:
                hint = "\n".join([f"images are {', '.join(FORMATS)}, whatever they are called", *self.notes])
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

    @property
    def labels(self) -> NDArray[np.int64]:
        import numpy as np

        return np.array([item.label for item in self.items], dtype=np.int64)

    def faults(self, progress: Callable[[int], None]) -> list[DataError]:
        """Decodes every image and returns an error for each that cannot be read."""

        def error_of(item: Item) -> DataError | None:
            try:
                pixels(item, self.shape[0], self.shape[1])
            except BadImage as bad:
                return refusal(item, str(bad))
            return None

        errors: list[DataError] = []
        with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
            for start in range(0, len(self.items), AT_ONCE):
                part = self.items[start : start + AT_ONCE]
                errors += [error for error in pool.map(error_of, part) if error is not None]
                progress(len(part))
        return errors


def pixels(item: Item, channels: int, size: int) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """What `decode_bytes` makes of an item. Raises `BadImage`."""
    if item.unreadable:
        raise BadImage(item.unreadable)
    return decode_bytes(read_bytes(item.path, item.offset, item.size), channels, size)


def refusal(item: Item, reason: str) -> DataError:
    """The error that names an image which cannot be used."""
    inside = f" in {item.path}" if item.size is not None else ""
    name = item.name if item.size is not None else item.path
    hint = "repair, replace or remove it; `specnet prepare` can leave such images out"
    return DataError(f"cannot read the image {name}{inside}: {reason}", hint)


def folder_source(root: Path, held_out: float, choice: Choice) -> Source:
    """The source in a folder of images, whose layout `specnet.data.sources.find_layout` finds.

    Of class folders without a split, the fraction `held_out` of each class is tested on.
    """
    left = LeftOut(root)
    layout = find(root, choice, left)
    classes = sorted(layout.train.by_name)
    train = labelled(layout.train.by_name, classes, root, left)
    words: Mapping[str, str] = {}
    if layout.test is None:
        train, test = split(train, layout.train.root, held_out)
    elif isinstance(layout.test, Flat):
        images = (
            (PurePath(path).name, path, reason) for path, reason in image_files(str(layout.test.folder), left)
        )
        items = [
            (name, Item(printable(relative(path, root)), 0, path, unreadable=reason))
            for name, path, reason in images
        ]
        test, words = by_truth(items, classes, layout.test.truth), layout.test.truth.words
    else:
        test = labelled(layout.test.by_name, classes, root, left)
    return Source(root, classes, train, test, words, left.left_out(), (*layout.notes, *left.notes())).check()


def by_truth(images: Iterable[tuple[str, Item]], classes: Sequence[str], truth: Truth) -> list[Item]:
    """Images, given by file name, with the labels that a file lists; by class and name as everywhere."""
    numbers = {name: number for number, name in enumerate(classes)}
    items: list[Item] = []
    for name, item in images:
        shown = truth.wordnet_id(name)
        if shown not in numbers:
            message = f"'{item.name}' shows {shown}, which is not one of the {len(classes):,} classes"
            raise DataError(message, suggestion(shown, classes, noun="class name"))
        items.append(item._replace(label=numbers[shown]))
    return sorted(items, key=lambda item: (item.label, item.name))


def labelled(folders: Mapping[str, Path], classes: Sequence[str], root: Path, left: LeftOut) -> list[Item]:
    """Every image of the class folders, named by its path from `root`. Raises `DataError` for a class that is
    not among `classes`."""
    for name, folder in folders.items():
        if name not in classes:
            message = f"{folder.parent} has a class '{name}' that the training folder does not have"
            raise DataError(message, suggestion(name, classes, noun="class name"))
    items: list[Item] = []
    for label, name in enumerate(classes):
        inside = folders.get(name)
        if inside is None:
            continue
        if loops(inside):
            shown = printable(relative(str(inside), root))
            items.append(Item(shown, label, str(inside), unreadable="a link that loops"))
            continue
        images = sorted(image_files(str(inside), left), key=lambda pair: pair[0].split("/"))
        items += [
            Item(printable(relative(path, root)), label, path, unreadable=reason) for path, reason in images
        ]
    return items


def split(items: Sequence[Item], root: Path, fraction: float) -> tuple[list[Item], list[Item]]:
    """What to train and to test on: `fraction` of each class, at least one image on either side.

    Drawn by a digest of the path from `root` alone, so that the same files are drawn on every machine, and
    a new file moves at most one other. The only image of a class is trained on.
    """
    drawn: set[str] = set()
    for _, group in groupby(items, key=lambda item: item.label):
        own = sorted(group, key=lambda item: (_digest(relative(item.path, root)), item.path))
        count = min(max(int(fraction * len(own) + 0.5), 1), len(own) - 1)
        drawn.update(item.path for item in own[:count])
    train = [item for item in items if item.path not in drawn]
    return train, [item for item in items if item.path in drawn]


def _digest(name: str) -> bytes:
    return hashlib.blake2b(os.fsencode(name), digest_size=8).digest()
