"""The windows of the kinds that slide one over an image: convolution and pooling.

No image is ever padded here: a window that hangs over the edge is cut down to the pixels that exist. That is
the meaning of zeros for a convolution, of minus infinity for a maximum, and of the mean without padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from specnet.layers.pool import AvgPool
from specnet.layers.window import Windowed


def starts(
    size: int, kernel: int, stride: int, padding: tuple[int, int] | None, rounding: str = "floor"
) -> list[int]:
    """The first pixel of every window along an axis of `size` pixels; negative in the padding before it.

    `padding` is the pixels before and after, or None for TensorFlow's `same`: ceil(size / stride) windows,
    what they lack shared out with the odd pixel after. `floor` keeps the windows that lie within the padded
    axis; `ceil` takes one more where these do not reach its end, and `clip` leaves out what starts beyond the
    pixels.
    """
    if padding is None:
        count = math.ceil(size / stride)
        lacking = max((count - 1) * stride + kernel - size, 0)
        return [i * stride - lacking // 2 for i in range(count)]
    before, after = padding
    firsts = list(range(-before, size + after - kernel + 1, stride))
    if rounding != "floor" and firsts[-1] + kernel < size + after:
        firsts.append(firsts[-1] + stride)
    return [first for first in firsts if first < size] if rounding == "clip" else firsts


def counts(layer: AvgPool, size: tuple[int, ...]) -> Iterator[int]:
    """How many pixels of every window count, in reading order: those of the image, or of `padding`, too."""
    along: list[list[int]] = []
    for axis in (0, 1):
        before, after = (0, 0) if layer.padding == "same" else layer.padding[2 * axis : 2 * axis + 2]
        firsts = _starts_along(layer, axis, size[axis])
        if layer.padding == "same":
            before, after = -firsts[0], max(0, firsts[-1] + layer.kernel[axis] - size[axis])
        low, high = (-before, size[axis] + after) if layer.count_padding else (0, size[axis])
        along.append([min(first + layer.kernel[axis], high) - max(first, low) for first in firsts])
    return (rows * columns for rows in along[0] for columns in along[1])


@dataclass(frozen=True, slots=True)
class Window:
    """One place of the window: of which output pixel, over which pixels of the image, by which weights."""

    output: tuple[slice, slice, int, int]
    pixels: tuple[slice, ...]
    weights: tuple[slice, ...]


def windows(layer: Windowed, size: tuple[int, ...]) -> list[Window]:
    """All windows over an image of `size` (height, width), in reading order. Cut ones are smaller."""
    rows, columns = (_starts_along(layer, axis, size[axis]) for axis in (0, 1))
    return [
        _window(layer, size, (i, j), (row, column))
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


def _starts_along(layer: Windowed, axis: int, size: int) -> list[int]:
    padding = None if layer.padding == "same" else (layer.padding[2 * axis], layer.padding[2 * axis + 1])
    span = 1 + (layer.kernel[axis] - 1) * _apart(layer)[axis]
    return starts(size, span, layer.stride[axis], padding, layer.rounding)


def _apart(layer: Windowed) -> tuple[int, int]:
    """How far neighbouring weights are apart on the image, down and to the right."""
    apart: tuple[int, int] = getattr(layer, "dilation", (1, 1))
    return apart


def _window(
    layer: Windowed, size: tuple[int, ...], place: tuple[int, int], corner: tuple[int, int]
) -> Window:
    pixels: list[slice] = []
    weights: list[slice] = []
    for axis, apart in enumerate(_apart(layer)):
        seen = [i for i in range(layer.kernel[axis]) if 0 <= corner[axis] + i * apart < size[axis]]
        first, end = (seen[0], seen[-1] + 1) if seen else (0, 0)
        weights.append(slice(first, end))
        start = corner[axis] + first * apart
        pixels.append(slice(start, start + (end - 1 - first) * apart + 1, apart) if seen else slice(0, 0))
    every = slice(None)
    return Window((every, every, *place), (every, every, *pixels), (every, every, *weights))


def end(places: list[Window]) -> tuple[int, int]:
    """Height and width of the output."""
    _, _, row, column = places[-1].output
    return row + 1, column + 1
