"""The images of a batch on their way to the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from specnet.data import augment
from specnet.data.augment import Change, Pixels, Windows
from specnet.numerics.randomness import Array

Fill = Literal["mean", "black"]
"""What lies where an image has no pixel: what `training.normalize` subtracts, or grey level 0."""


@dataclass(frozen=True)
class Black:
    """What has become of black, grey level 0, in pixels about a mean: the mean's opposite.

    `average` has a number for each channel. Where it differs from place to place, as it does about a mean
    image, `image` gives all of it, (n or 1, channels, height, width), as large as images are read.
    """

    average: Array
    image: Callable[[], Array] | None = None


@dataclass(frozen=True)
class ImageBatch:
    """Images of one shape and what is to be done with them, in this order.

    Each method returns another batch, and leaves this one as it is. Crops, mirror images and calculations are
    remembered, and are carried out at once by `pixels`, in the precision of the network.
    """

    images: Pixels
    """As they were read or put in by `replace`, before all that follows."""
    full_shape: tuple[int, ...]
    """Their shape: (channels, height, width), or that of a network's input that is not an image."""
    dtype: np.dtype[Any]
    empty: Callable[[tuple[int, ...], DTypeLike], Array] = np.empty
    """Where the memory of the results comes from."""
    windows: Windows | None = None
    """What is looked at; None for all of it."""
    changes: tuple[Change, ...] = ()
    black: Black | None = None
    """What has become of black in the beginning, before the first augmentation; None for 0."""
    labels: Array | None = None
    """Each class's share of each image, (n, classes), where images are to be mixed."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of every image as it would come out of `pixels`."""
        if self.windows is None:
            return self.full_shape
        return self.full_shape[0], self.windows.height, self.windows.width

    def crop(self, tops: ArrayLike, lefts: ArrayLike, height: int, width: int) -> Self:
        """A window of each image. Its upper left corner is a number for all images or one for each, (n,)."""
        _, rows, columns = self.shape
        top, left = (np.broadcast_to(np.asarray(at, dtype=np.int64), len(self)) for at in (tops, lefts))
        for first, size, room in ((top, height, rows), (left, width, columns)):
            if ((first < 0) | (first + size > room)).any():
                raise ValueError(f"a window of {height}x{width} lies outside images of {rows}x{columns}")
        return replace(self, windows=self._windows().crop(top, left, height, width))

    def mirror(self, chosen: ArrayLike = True) -> Self:
        """The chosen images, (n,) true or false, mirrored left to right; all of them if left out."""
        mirrored = np.broadcast_to(np.asarray(chosen, dtype=bool), len(self))
        return replace(self, windows=self._windows().mirror(mirrored))

    def calculate(self, calculation: np.ufunc, values: ArrayLike) -> Self:
        """Every pixel and one of the values, put together by a function such as `np.subtract`.

        `values` are a number, one for each channel (channels,), for each image (n, 1) or for both
        (n, channels); or an image as large as those that were read, of which each pixel is put together with
        the one that has lain there, however it has been cropped and mirrored since.
        """
        operands = np.asarray(values, dtype=self.dtype)
        if operands.shape != self.full_shape:
            each = len(self), self.full_shape[0]
            try:
                operands = np.broadcast_to(operands, each)
            except ValueError:
                message = (
                    f"values of shape {operands.shape} fit neither images of {self.full_shape} nor {each}"
                )
                raise ValueError(message) from None
        return replace(self, changes=(*self.changes, Change(calculation, operands)))

    def pixels(self) -> Array:
        """The images (n, *shape) with all that was to be done with them."""
        if len(self.full_shape) == 3:
            out = self.empty((len(self), *self.shape), self.dtype)
            augment.cut(self.images, self._windows(), self.changes, out)
            return out
        images: Array = np.array(self.images, dtype=self.dtype)
        for change in self.changes:
            moves = change.values.shape == self.full_shape
            values = change.values if moves else _spread(change.values, images.ndim)
            change.calculation(images, values, out=images)
        return images

    def replace(self, pixels: NDArray[Any]) -> Self:
        """Other images in place of these, (n, channels, height, width): those of `pixels`, changed."""
        if pixels.ndim != 4 or len(pixels) != len(self):
            raise ValueError(f"{len(self)} images cannot be replaced by an array of shape {pixels.shape}")
        stays = pixels.shape[1:] == self.shape
        return self._replaced(pixels, self._black_seen if stays else None)

    def recolor(self, function: Callable[[Array], Array]) -> Self:
        """The images that a function makes of theirs, both in grey levels, 0 being black and 255 white;
        (n, channels, height, width)."""
        black = self._black_seen().astype(self.dtype)
        return self.replace(function(self.pixels() - black) + black)

    def warp(self, function: Callable[[Array, Array], Array], fill: Fill = "mean") -> Self:
        """The images, of any height and width, in which a function has moved the pixels.

        The function gets the images (n, channels, height, width) and what lies beyond their edges
        (channels,).
        """
        average = self._average()
        beyond = np.zeros_like(average) if fill == "mean" else average
        moved = function(self.pixels(), beyond.astype(self.dtype))
        return self._replaced(moved, lambda: function(self._black_seen(), average))

    def mix(self, partners: NDArray[np.int64], parts: Array) -> Self:
        """Each image times its part and its partner, an image of the batch, times the rest; labels, too. Both
        are (n,)."""

        def mixed(values: Array) -> Array:
            part = parts.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
            both: Array = values * part + values[partners] * (1 - part)
            return both

        made = self._replaced(mixed(self.pixels()), lambda: mixed(self._black_seen()))
        return made if self.labels is None else replace(made, labels=mixed(self.labels))

    def _replaced(self, pixels: NDArray[Any], black: Callable[[], Array] | None) -> Self:
        """Other images, and black that is no longer where it was; None where that is not known."""
        made = np.asarray(pixels, dtype=self.dtype)
        kept = self.black
        if kept is not None and kept.image is not None:
            kept = Black(kept.average, black)
        return replace(self, images=made, full_shape=made.shape[1:], windows=None, changes=(), black=kept)

    def _average(self) -> Array:
        channels = self.full_shape[0]
        average: Array = np.zeros(channels) if self.black is None else self.black.average
        return average

    def _black_seen(self) -> Array:
        """What black is now: an array that meets pixels, with a number for each channel or each pixel."""
        if self.black is None or self.black.image is None:
            return self._average().reshape(1, -1, 1, 1)
        whole = np.broadcast_to(self.black.image(), (len(self), *self.full_shape))
        return ImageBatch(whole, self.full_shape, whole.dtype, windows=self.windows).pixels()

    def _windows(self) -> Windows:
        return self.windows or augment.full(len(self), *self.full_shape[1:])


def _spread(values: Array, ndim: int) -> Array:
    """A number for each image and channel beside images of more dimensions."""
    return values.reshape(*values.shape, *[1] * (ndim - 2))
