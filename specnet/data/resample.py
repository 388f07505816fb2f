"""Images resampled between their pixels, linearly: pure functions of batches (n, channels, height, width).

An image comes out the same whatever the others are. Images are taken a few at a time, which stay in the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from specnet.numerics.randomness import Array

CACHED = 2**18
"""Pixels that are worked on at a time."""


def some(count: int, pixels: int) -> Iterator[slice]:
    """The images 0 to `count`, as many at a time as the cache holds."""
    at_once = max(1, CACHED // max(pixels, 1))
    return (slice(start, start + at_once) for start in range(0, count, at_once))


def resized(
    images: Array,
    windows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    size: int,
) -> Array:
    """A window of each image as an image of `size` x `size`.

    `windows` are their tops, lefts, heights and widths, each (n,).

    Bilinear, and where a window shrinks the mean of what lies in a triangle as wide as that takes: Pillow's
    `crop` and `resize(..., BILINEAR)`, and torchvision's `resized_crop` with `antialias`.
    """
    channels = images.shape[1]
    tops, lefts, heights, widths = windows
    rows, row_weights = _taps(tops, heights, size, images.dtype)
    columns, column_weights = _taps(lefts, widths, size, images.dtype)
    out = np.empty((len(images), channels, size, size), dtype=images.dtype)
    for part in some(len(images), images[0].size if len(images) else 0):
        # Whole rows are gathered, for each pixel of a column is one of a row once the image is turned.
        turned = _mixed(images[part].transpose(0, 2, 1, 3), rows[part], row_weights[part])
        turned = np.ascontiguousarray(turned.transpose(0, 3, 2, 1))  # (n, width, channels, size)
        out[part] = _mixed(turned, columns[part], column_weights[part]).transpose(0, 2, 3, 1)
    return out


def _taps(
    starts: NDArray[np.int64], lengths: NDArray[np.int64], size: int, dtype: np.dtype[np.floating]
) -> tuple[NDArray[np.int64], Array]:
    """Which pixels of a line each of `size` points is put together from, and with what weights: two arrays
    (n, size, taps) for the lines of `lengths` pixels that begin at `starts`."""
    scales = (lengths / size)[:, None]
    reach = np.maximum(scales, 1)
    centres = (np.arange(size) + 0.5) * scales  # (n, size); pixel i reaches from i to i + 1
    count = int(np.ceil(2 * reach.max(initial=1)))
    first = np.floor(centres - reach + 0.5).astype(np.int64)
    places = first[:, :, None] + np.arange(count)
    weights = np.maximum(0, 1 - np.abs(places + 0.5 - centres[:, :, None]) / reach[:, :, None])
    weights[(places < 0) | (places >= lengths[:, None, None])] = 0
    weights /= weights.sum(axis=2, keepdims=True)
    inside = np.clip(places, 0, lengths[:, None, None] - 1)
    return starts[:, None, None] + inside, weights.astype(dtype)


def _mixed(lines: Array, places: NDArray[np.int64], weights: Array) -> Array:
    """Sums of lines (n, lines, ...) by `places` and `weights`, both (n, size, taps); (n, size, ...)."""
    image = np.arange(len(lines))[:, None]
    weights = weights.reshape(*weights.shape, *[1] * (lines.ndim - 2))
    total = lines[image, places[:, :, 0]]
    total *= weights[:, :, 0]
    for tap in range(1, places.shape[2]):
        more = lines[image, places[:, :, tap]]
        more *= weights[:, :, tap]
        total += more
    return total


def rotated(images: Array, degrees: Array, outside: Array) -> Array:
    """Each image turned about its middle, counterclockwise by `degrees` (n,), and as large as before.

    Bilinear; beyond the edge every pixel has the value `outside` (channels,), as in scipy's
    `affine_transform` with `order=1, mode="grid-constant"`.
    """
    count, channels, height, width = images.shape
    y, x = np.mgrid[:height, :width].reshape(2, 1, -1).astype(np.float64)
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    sine, cosine = np.sin(np.radians(degrees))[:, None], np.cos(np.radians(degrees))[:, None]
    out = np.empty((count, channels, height * width), dtype=images.dtype)
    rim = np.empty((1, channels, height + 2, width + 2), dtype=images.dtype)
    rim[:] = outside.reshape(1, channels, 1, 1)
    for part in some(count, images[0].size if count else 0):
        # Places in the image with its rim, beyond which all is as on it.
        rows = np.clip(sine[part] * x + cosine[part] * y + (height + 1) / 2, 0, height + 1)
        columns = np.clip(cosine[part] * x - sine[part] * y + (width + 1) / 2, 0, width + 1)
        top = np.minimum(rows.astype(np.int64), height)
        left = np.minimum(columns.astype(np.int64), width)
        down, right = (rows - top).astype(images.dtype), (columns - left).astype(images.dtype)
        framed = np.repeat(rim, len(top), axis=0)
        framed[:, :, 1:-1, 1:-1] = images[part]
        step = width + 2
        at = top * step + left + np.arange(len(top))[:, None] * ((height + 2) * step)
        for channel in range(channels):
            plane = framed[:, channel].ravel()
            upper = _between(plane.take(at, mode="clip"), plane.take(at + 1, mode="clip"), right)
            lower = _between(
                plane.take(at + step, mode="clip"), plane.take(at + step + 1, mode="clip"), right
            )
            out[part, channel] = _between(upper, lower, down)
    return out.reshape(images.shape)


def _between(first: Array, second: Array, part: Array) -> Array:
    """From the first to the second, which is overwritten."""
    second -= first
    second *= part
    second += first
    return second


def padded(images: Array, pixels: int, outside: Array) -> Array:
    """Each image with `pixels` more on all four sides, of the value `outside` (channels,)."""
    count, channels, height, width = images.shape
    out = np.empty((count, channels, height + 2 * pixels, width + 2 * pixels), dtype=images.dtype)
    out[:] = outside.reshape(1, channels, 1, 1)
    out[:, :, pixels : pixels + height, pixels : pixels + width] = images
    return out
