"""Images and labels that lie in arrays, as a program has them.

Whatever NumPy makes an array of will do: its own, those of PyTorch on the CPU and of TensorFlow. Images are
(n, channels, height, width), grey levels from 0 to 255; labels are classes, whole numbers from 0, (n,).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.data.asked import pair, words
from specnet.data.base import Dataset, InMemory
from specnet.diagnostics.errors import DataError
from specnet.numerics.randomness import permutation
from specnet.text import describe, plural

AT_ONCE = 1024
"""Images that are made whole grey levels at a time."""
WHOLE = 1e-3
"""As far from a whole grey level a pixel may be that was computed from one."""


@dataclass(frozen=True)
class Given:
    """Arrays to train on, and to test on if there are any. `notes` say what was done to them."""

    train: InMemory
    test: InMemory | None
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """What tells these arrays from others: of their SHA-256, the first 32 digits."""
        hashed = hashlib.sha256()
        for part in (self.train, self.test):
            for array in (part.images, part.labels) if part is not None else ():
                hashed.update(f"{array.dtype.str}{array.shape}".encode())
                hashed.update(np.ascontiguousarray(array).data)
        return hashed.hexdigest()[:32]

    def dataset(self, held_out: float | None) -> Dataset:
        """All of them as a dataset. Of arrays with nothing to test on, the share `held_out` of each class is
        tested; for None, all are."""
        train, test, notes = self.train, self.test, self.notes
        if test is None and held_out is not None:
            train, test = _parted(train, held_out)
            notes = (*notes, f"{plural(len(test), 'image')} of {len(self.train):,} are held out to test on")
        tested = train if test is None else test
        count = 1 + int(max(train.labels.max(), tested.labels.max()))
        return Dataset([str(label) for label in range(count)], train, tested, notes=notes)


def given(data: Any, shape: tuple[int, ...]) -> Given:
    """What `data=` is, if it is arrays, for a network whose input has that shape.

    Raises `DataError` for what cannot be images or labels.
    """
    both = pair(data)
    if not isinstance(both[0], tuple | list):
        train, notes = _part(*both, shape, "")
        return Given(train, None, notes)
    (train, first), (test, second) = (
        _part(*pair(part), shape, role) for part, role in zip(both, ("", "test "), strict=True)
    )
    if train.shape != test.shape:
        message = f"the images are {describe(train.shape)}, and the test images {describe(test.shape)}"
        raise DataError(message, "bring them to one shape")
    return Given(train, test, (*first, *second))


def from_batches(batches: Iterable[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images and labels of all batches, each (images, labels), put together: what `data=` takes.

    `batches` are a PyTorch DataLoader, a dataset of TensorFlow, or any other iterable; they are gone through
    once, and all is held in memory. Raises `DataError` for a batch that is no pair.
    """
    read: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for number, batch in enumerate(batches):
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise DataError(f"batch {number} is {words(batch)}, not (images, labels)")
        images, labels = (_array(part, f"batch {number}") for part in batch)
        if read and (images.shape[1:] != read[0][0].shape[1:] or labels.shape[1:] != read[0][1].shape[1:]):
            shapes = f"{images.shape} and {labels.shape}, after {read[0][0].shape} and {read[0][1].shape}"
            raise DataError(f"batch {number} has the shapes {shapes}", "bring all images to one shape")
        read.append((images, labels))
    if not read:
        raise DataError("there are no batches", "an iterator that was gone through is empty: make a new one")
    return np.concatenate([images for images, _ in read]), np.concatenate([labels for _, labels in read])


def grey_levels(
    images: Any, shape: tuple[int, ...], role: str = ""
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Images as whole grey levels (n, channels, height, width), and what was done to them.

    Raises `DataError` where they are not that, for a network whose input has `shape`.
    """
    array = _array(images, f"{role}images")
    _check_form(array, shape, role)
    if array.dtype == np.uint8:
        return array, ()
    if array.dtype.kind not in "uifb":
        raise DataError(f"the {role}images are of {array.dtype}, not numbers")
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):
        message = f"the pixels of the {role}images go from {low:g} to {high:g}, and grey levels from 0 to 255"
        between = low >= -1 and high <= 1
        hint = "(images + 1) * 127.5" if between else "what is done to grey levels says training.normalize"
        raise DataError(message, hint)
    if high <= 1 and array.dtype.kind in "fb":
        message = f"the pixels of the {role}images go from {low:g} to {high:g}, and white is 255"
        raise DataError(message, "images * 255; {kind: scale} in training.normalize divides them again")
    made, furthest = np.empty(array.shape, dtype=np.uint8), 0.0
    for start in range(0, len(array), AT_ONCE):
        some = array[start : start + AT_ONCE]
        whole = np.rint(some)
        furthest = max(furthest, float(np.abs(whole - some).max()))
        made[start : start + AT_ONCE] = whole
    note = f"the pixels of the {role}images, {array.dtype}, are rounded to whole grey levels"
    return made, (note,) if furthest > WHOLE else ()


def _part(images: Any, labels: Any, shape: tuple[int, ...], role: str) -> tuple[InMemory, tuple[str, ...]]:
    pixels, notes = grey_levels(images, shape, role)
    return InMemory(pixels, _classes(labels, len(pixels), role)), notes


def _check_form(array: NDArray[Any], shape: tuple[int, ...], role: str) -> None:
    """Raise `DataError` unless these are images one after another, channels first."""
    axes = "(n, channels, height, width)" if len(shape) == 3 else "(n, units)"
    message = f"the {role}images have the shape {array.shape}, and specnet takes {axes}"
    if array.ndim == 3 and len(shape) == 3:
        alone = array.shape[0] == shape[0] != 1
        raise DataError(message, "images[None] is one image" if alone else "images[:, None] have one channel")
    if array.ndim != len(shape) + 1:
        raise DataError(message)
    if len(shape) == 3 and array.shape[1] != shape[0] and array.shape[3] == shape[0]:
        message = f"the {role}images have the shape {array.shape}, with the channels last"
        raise DataError(message, f"specnet takes {axes}: images.transpose(0, 3, 1, 2)")
    if not array.size:
        raise DataError(f"there are no {role}images: their shape is {array.shape}")


def _classes(labels: Any, count: int, role: str) -> NDArray[np.int64]:
    array = _array(labels, f"{role}labels")
    message = f"the {role}labels have the shape {array.shape}, and {plural(count, 'image')} have ({count},)"
    if array.ndim == 2 and len(array) == count:
        raise DataError(message, "labels[:, 0]" if array.shape[1] == 1 else "labels.argmax(axis=1)")
    if array.shape != (count,):
        raise DataError(message, "each image has one label")
    if array.dtype.kind not in "uif" or (array != np.rint(array)).any():
        message = f"the {role}labels are of {array.dtype}, not whole numbers from 0"
        raise DataError(message, "numpy.unique(labels, return_inverse=True)[1] numbers them")
    if array.min() < 0:
        raise DataError(f"the smallest of the {role}labels is {array.min():g}, and they are counted from 0")
    return array.astype(np.int64)


def _parted(all_: InMemory, held_out: float) -> tuple[InMemory, InMemory]:
    """Images to train and to test on: of each class the share `held_out`, drawn once for all, is tested."""
    tested = np.zeros(len(all_), dtype=bool)
    for label in np.unique(all_.labels):
        places = np.flatnonzero(all_.labels == label)
        count = min(max(1, round(held_out * len(places))), len(places) - 1)
        tested[places[permutation(0, "held out", int(label), count=len(places))[:count]]] = True
    if not tested.any():
        message = "there is one image of each class, so that none can be held out to test on"
        raise DataError(message, "data=((images, labels), (test_images, test_labels))")
    train, test = (InMemory(all_.images[chosen], all_.labels[chosen]) for chosen in (~tested, tested))
    return train, test


def _array(value: Any, name: str) -> NDArray[Any]:
    """An array of anything that says that it is one. Lists do not: they may be of images of many shapes."""
    if not hasattr(value, "__array__"):
        raise DataError(f"{name}: expected an array, got {words(value)}", "numpy.array(list) of a list")
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # a tensor on a GPU, or one with gradients
        raise DataError(f"{name}: {error}", "tensor.detach().cpu()") from error
