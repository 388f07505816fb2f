"""What a dataset is: a declaration that can stand in a spec, and the images it opens.

A dataset kind is a class derived from `Data`, registered in the entry-point group `specnet.datasets`. Its
fields are options such as sizes; a path never stands in a spec, it is given when the dataset is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, runtime_checkable

from specnet.diagnostics.errors import UsageError
from specnet.schema.strict import Strict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.data.statistics import Statistics

Split = Literal["train", "test"]


class Images(Protocol):
    """One part of a dataset: images of one shape with their labels, read by index."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height and width of every image."""

    def __len__(self) -> int: ...

    def read(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images (n, channels, height, width), values 0 to 255, and labels (n,). Called from a thread."""


def names_of(images: Images, indices: NDArray[np.int64]) -> list[str] | None:
    """The images' names, files for example, if the dataset tells them: a method `name(index)`."""
    name: Callable[[int], str] | None = getattr(images, "name", None)
    return None if name is None else [name(int(index)) for index in indices]


@runtime_checkable
class InPlace(Protocol):
    """Images that lie in memory, or are mapped into it, and can be looked at without a copy."""

    def views(self, indices: NDArray[np.int64]) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
        """Like `Images.read`, with an array (channels, height, width) for each image, not to be written."""


@runtime_checkable
class Labelled(Protocol):
    """Images whose labels are known without reading them."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """All labels, (n,)."""


@runtime_checkable
class Fallible(Protocol):
    """Images that may turn out to be unreadable in the middle of a training."""

    def faults(self, progress: Callable[[int], None]) -> Sequence[UsageError]:
        """Reads all images and returns an error for each that cannot be read. `progress` is told how many
        more are done."""


@dataclass(frozen=True)
class InMemory:
    """Images held in memory: (n, channels, height, width) with their labels (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.images)

    def read(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        return self.images[indices], self.labels[indices]

    def views(self, indices: NDArray[np.int64]) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
        return [self.images[index] for index in indices], self.labels[indices]


@dataclass(frozen=True)
class Dataset:
    """An opened dataset. Labels index `classes`. Statistics that come with it are not measured again. `notes`
    say what a person should know about how it was read: which folder is tested on, what was left out."""

    classes: Sequence[str]
    train: Images
    test: Images
    statistics: Statistics | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Wanted:
    """What the spec expects of its images: the input's shape and the number of classes."""

    shape: tuple[int, ...]
    classes: int


class Data(Strict):
    """Base of all dataset kinds."""

    kind: str

    takes_path: ClassVar[bool] = True
    """Whether `open` is given a path, as in `--data KIND:PATH`."""

    def class_count(self) -> int | None:
        """How many classes it has, where that is known before it is opened."""
        return None

    def image_shape(self) -> tuple[int, ...] | None:
        """The shape of every image, where that is known before it is opened."""
        return None

    def train_count(self) -> int | None:
        """How many images it has to train on, where that is known before it is opened."""
        return None

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        """Open the dataset at `path`. Raises `DataError` if it is not there or cannot be used."""
        raise NotImplementedError
