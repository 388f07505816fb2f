"""Oracles of the kinds that slide a window: convolution and pooling.

No image is ever padded here: a window that hangs over the edge is cut down to the pixels that exist. That is
the meaning of zeros for a convolution, of minus infinity for a maximum, and of the mean without padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from specnet.layers.conv import Conv
from specnet.layers.pool import AvgPool, GlobalAvgPool, MaxPool
from specnet.layers.window import Windowed
from specnet.testing.oracles.base import Circumstances, Result, Values, layer_oracle


def starts(
    size: int, kernel: int, stride: int, padding: tuple[int, int] | None, rounding: str = "floor"
) -> list[int]:
    """The first pixel of every window along an axis of `size` pixels; negative in the padding before it.

    `padding` is the pixels before and after, or None for TensorFlow's `same`: ceil(size / stride) windows,
    what they lack shared out with the odd pixel after. `floor` keeps the windows that lie within the padded
    axis; `ceil` takes one more where these do not reach its end.
    """
    if padding is None:
        count = math.ceil(size / stride)
        lacking = max((count - 1) * stride + kernel - size, 0)
        return [i * stride - lacking // 2 for i in range(count)]
    before, after = padding
    firsts = list(range(-before, size + after - kernel + 1, stride))
    if rounding == "ceil" and firsts[-1] + kernel < size + after:
        firsts.append(firsts[-1] + stride)
    return firsts


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
        _window(layer.kernel, size, (i, j), (row, column))
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


def _starts_along(layer: Windowed, axis: int, size: int) -> list[int]:
    padding = None if layer.padding == "same" else (layer.padding[2 * axis], layer.padding[2 * axis + 1])
    return starts(size, layer.kernel[axis], layer.stride[axis], padding, layer.rounding)


def _window(
    kernel: tuple[int, int], size: tuple[int, ...], place: tuple[int, int], corner: tuple[int, int]
) -> Window:
    first = [max(c, 0) for c in corner]
    last = [max(f, min(c + k, s)) for f, c, k, s in zip(first, corner, kernel, size, strict=True)]
    pixels = [slice(f, e) for f, e in zip(first, last, strict=True)]
    weights = [slice(f - c, e - c) for f, e, c in zip(first, last, corner, strict=True)]
    every = slice(None)
    return Window((every, every, *place), (every, every, *pixels), (every, every, *weights))


@layer_oracle("conv")
def conv(layer: Conv, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances) -> Result:
    """y[o, i, j] = bias[o] + sum over c, r, s of w[o, c, r, s] * x[c, i * down + r, j * right + s]."""
    (x,) = inputs
    weight, bias = weights["weight"], weights.get("bias")
    places = windows(layer, x.shape[2:])
    output = np.zeros((len(x), layer.filters, *_end(places)))
    for o, c in _blocks(layer, x.shape[1]):
        for at in places:
            output[:, o][at.output] = np.einsum("ncrs,ocrs->no", x[:, c][at.pixels], weight[o][at.weights])
    if bias is not None:
        output += bias[:, None, None]

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx, dw = np.zeros_like(x), np.zeros_like(weight)
        for o, c in _blocks(layer, x.shape[1]):
            for at in places:
                g = gradient[:, o][at.output]
                dx[:, c][at.pixels] += np.einsum("no,ocrs->ncrs", g, weight[o][at.weights])
                dw[o][at.weights] += np.einsum("no,ncrs->ocrs", g, x[:, c][at.pixels])
        gradients = {"weight": dw}
        if bias is not None:
            gradients["bias"] = gradient.sum(axis=(0, 2, 3))
        return [dx], gradients

    return Result(output, pullback)


def _blocks(layer: Conv, channels: int) -> Iterator[tuple[slice, slice]]:
    """The filters and the input channels of each block of a grouped convolution."""
    out, into = layer.filters // layer.groups, channels // layer.groups
    for block in range(layer.groups):
        yield slice(block * out, (block + 1) * out), slice(block * into, (block + 1) * into)


def _end(places: list[Window]) -> tuple[int, int]:
    """Height and width of the output."""
    _, _, row, column = places[-1].output
    return row + 1, column + 1


@layer_oracle("max_pool")
def max_pool(
    layer: MaxPool, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances
) -> Result:
    """The largest pixel of each window; the first one in reading order takes the full gradient."""
    (x,) = inputs
    places = windows(layer, x.shape[2:])
    output = np.zeros((*x.shape[:2], *_end(places)))
    for at in places:
        output[at.output] = x[at.pixels].max(axis=(2, 3))

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        for at in places:
            pixels = x[at.pixels]
            flat = pixels.reshape(*pixels.shape[:2], -1)
            routed = np.zeros_like(flat)
            winner = flat.argmax(axis=2)[:, :, None]
            np.put_along_axis(routed, winner, gradient[at.output][:, :, None], axis=2)
            dx[at.pixels] += routed.reshape(pixels.shape)
        return [dx], {}

    return Result(output, pullback)


@layer_oracle("avg_pool")
def avg_pool(
    layer: AvgPool, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances
) -> Result:
    """The mean of the pixels that each window sees."""
    (x,) = inputs
    places = windows(layer, x.shape[2:])
    output = np.zeros((*x.shape[:2], *_end(places)))
    for at in places:
        output[at.output] = x[at.pixels].mean(axis=(2, 3))

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        for at in places:
            count = x[at.pixels][0, 0].size
            dx[at.pixels] += gradient[at.output][:, :, None, None] / count
        return [dx], {}

    return Result(output, pullback)


@layer_oracle("global_avg_pool")
def global_avg_pool(
    layer: GlobalAvgPool, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances
) -> Result:
    """The mean of each map."""
    (x,) = inputs
    count = x.shape[2] * x.shape[3]

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        return [np.ones_like(x) * (gradient / count)[:, :, None, None]], {}

    return Result(x.sum(axis=(2, 3)) / count, pullback)
