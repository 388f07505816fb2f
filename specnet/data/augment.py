"""Windows of the images of a batch, and what is calculated with their pixels: pure functions.

Crops and flips are worked out first, as windows; the pixels are then touched once, in `cut`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.numerics.randomness import Array

Pixels = Sequence[NDArray[Any]] | NDArray[Any]
"""Images of one shape (channels, height, width): in a list, or an array of all of them."""


@dataclass(frozen=True)
class Windows:
    """Which part of each image is looked at: its upper left corner, its size, and whether it is mirrored."""

    tops: NDArray[np.int64]
    lefts: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    height: int
    width: int

    def crop(self, tops: NDArray[np.int64], lefts: NDArray[np.int64], height: int, width: int) -> Windows:
        """A part of each window, at places (n,) that are counted from its upper left corner as it is seen."""
        # In a mirrored window, the left is counted from the right.
        lefts = np.where(self.mirrored, self.width - width - lefts, lefts)
        return Windows(self.tops + tops, self.lefts + lefts, self.mirrored, height, width)

    def mirror(self, chosen: NDArray[np.bool_]) -> Windows:
        """The chosen windows (n,) mirrored left to right."""
        return Windows(self.tops, self.lefts, self.mirrored ^ chosen, self.height, self.width)


def full(count: int, height: int, width: int) -> Windows:
    """All of each image."""
    corner = np.zeros(count, dtype=np.int64)
    return Windows(corner, corner, np.zeros(count, dtype=bool), height, width)


@dataclass(frozen=True)
class Change:
    """A calculation with every pixel, such as `np.subtract`, and what it is done with.

    `values` are an image (channels, height, width), which moves along with the pixels, or a number for each
    image and channel (n, channels).
    """

    calculation: np.ufunc
    values: Array


def cut(
    images: Pixels,
    windows: Windows,
    changes: Sequence[Change],
    out: Array,
) -> None:
    """Write each image's window to `out` (n, channels, height, width), changed in that order.

    Results are those of doing each change to the full batch, rounded to `out`'s type after each. But every
    plane stays in the processor's cache until it is done, and so do the planes that move along: channels, and
    mirrored images apart from others, come one after another.
    """
    plane = np.empty((windows.height, windows.width), dtype=out.dtype)
    # A last change that goes row by row writes to memory more slowly than a copy of its result does.
    direct = len(changes) - 1 if changes and changes[-1].values.ndim == 2 else None
    turned = np.empty((windows.height, windows.width), dtype=images[0].dtype if len(images) else out.dtype)
    for mirrored in (False, True):
        chosen = np.flatnonzero(windows.mirrored == mirrored)
        corners = [windows.tops[chosen].tolist(), windows.lefts[chosen].tolist()]
        for channel in range(out.shape[1]):
            # The window of a mirrored image is a window of its mirror image, for what moves along as well.
            moving = {
                place: change.values[channel, :, ::-1].copy() if mirrored else change.values[channel]
                for place, change in enumerate(changes)
                if change.values.ndim == 3
            }
            for row, top, left in zip(chosen.tolist(), *corners, strict=True):
                rows, columns = slice(top, top + windows.height), slice(left, left + windows.width)
                image, target = images[row][channel], out[row, channel]
                pixels = image[rows, columns]
                if mirrored:
                    mirror(pixels, turned)
                    right = image.shape[1] - left
                    pixels, columns = turned, slice(right - windows.width, right)
                np.copyto(plane if changes else target, pixels)
                for place, change in enumerate(changes):
                    values = moving[place][rows, columns] if place in moving else change.values[row, channel]
                    change.calculation(plane, values, out=target if place == direct else plane)
                if changes and direct is None:
                    np.copyto(target, plane)


def mirror(pixels: NDArray[Any], out: NDArray[Any]) -> None:
    """Rows from right to left, (height, width); eight bytes at a time, where NumPy would turn each alone."""
    if out.dtype != np.uint8 or out.shape[1] % 8 or pixels.strides[1] != 1:
        np.copyto(out, pixels[:, ::-1])
        return
    words = out.view(np.uint64)
    np.copyto(words, pixels.view(np.uint64)[:, ::-1])
    words.byteswap(inplace=True)
