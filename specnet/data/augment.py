"""What happens to whole batches of images (n, channels, height, width): pure functions of their arguments.

The draws come from outside, so that a batch depends on nothing but the seed, the epoch and the samples. Crops
and flips are worked out first, as windows of the images; the pixels are then touched once, in `cut`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from specnet.numerics.randomness import Array


@dataclass(frozen=True)
class Windows:
    """Which part of each image is looked at: its upper left corner, its size, and whether it is mirrored."""

    tops: NDArray[np.int64]
    lefts: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    height: int
    width: int


def whole(count: int, height: int, width: int) -> Windows:
    """All of each image."""
    corner = np.zeros(count, dtype=np.int64)
    return Windows(corner, corner, np.zeros(count, dtype=bool), height, width)


def random_crop(windows: Windows, draws: Array, size: int) -> Windows:
    """A window of size x size at a place that two uniform draws in [0, 1) choose for each; draws (n, 2)."""
    room = np.array([windows.height - size + 1, windows.width - size + 1])
    tops, lefts = (draws * room).astype(np.int64).T
    # In a mirrored window, the left is counted from the right.
    lefts = np.where(windows.mirrored, windows.width - size - lefts, lefts)
    return Windows(windows.tops + tops, windows.lefts + lefts, windows.mirrored, size, size)


def flip(windows: Windows, draws: Array) -> Windows:
    """Windows whose uniform draw is below one half, mirrored left to right; draws (n,)."""
    mirrored = windows.mirrored ^ (draws < 0.5)
    return Windows(windows.tops, windows.lefts, mirrored, windows.height, windows.width)


def color_shifts(draws: Array, values: Array, vectors: Array) -> Array:
    """For each image and channel, the sum over components of vector * eigenvalue * draw; draws (n, count).

    The paper (section 4.1) names no unit. Eigenvalues here are those of pixels scaled to [0, 1], and the
    shift is brought back to 0 to 255: about 2 grey levels on photographs at a standard deviation of 0.1.
    """
    shifts: Array = (draws * values) @ vectors.T * 255
    return shifts


@dataclass(frozen=True)
class Change:
    """A calculation with every pixel, such as `np.subtract`, and what it is done with.

    `values` are an image (channels, height, width), which moves along with the pixels, or a number for each
    image and channel (n, channels).
    """

    calculation: np.ufunc
    values: Array


def cut(
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    windows: Windows,
    changes: Sequence[Change],
    out: Array,
) -> None:
    """Write each image's window to `out` (n, channels, height, width), changed in that order.

    Results are those of doing each step to the whole batch, rounded to `out`'s type after each. But every
    plane stays in the processor's cache until it is done, and so do the planes that move along: channels, and
    mirrored images apart from others, come one after another.
    """
    plane = np.empty((windows.height, windows.width), dtype=out.dtype)
    # A last step that goes row by row writes to memory more slowly than a copy of its result does.
    direct = len(changes) - 1 if changes and changes[-1].values.ndim == 2 else None
    turned = np.empty((windows.height, windows.width), dtype=np.uint8)
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


def mirror(pixels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Rows from right to left, (height, width); eight pixels at a time, where NumPy would turn each alone."""
    if out.shape[1] % 8 or pixels.strides[1] != 1:
        np.copyto(out, pixels[:, ::-1])
        return
    words = out.view(np.uint64)
    np.copyto(words, pixels.view(np.uint64)[:, ::-1])
    words.byteswap(inplace=True)


def center_crop(images: Array, size: int) -> Array:
    """The window of size x size in the middle."""
    top, left = (images.shape[2] - size) // 2, (images.shape[3] - size) // 2
    return images[:, :, top : top + size, left : left + size]


def ten_crops(images: Array, size: int) -> Iterator[Array]:
    """The four corners and the centre, each followed by its mirror image (the paper, section 4.1)."""
    bottom, right = images.shape[2] - size, images.shape[3] - size
    for top, left in ((0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)):
        window = images[:, :, top : top + size, left : left + size]
        yield window
        yield window[:, :, :, ::-1]
