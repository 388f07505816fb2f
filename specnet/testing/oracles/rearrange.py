"""Oracles of what moves values about and leaves them as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.layers.base import Layer
from specnet.layers.channel_shuffle import ChannelShuffle
from specnet.layers.pad import Pad
from specnet.layers.slice import Slice
from specnet.layers.subsample import Subsample
from specnet.testing.oracles.base import (
    Circumstances,
    Result,
    Values,
    Weights,
    layer_oracle,
)


@layer_oracle("flatten")
def flatten(layer: Layer, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """All values in one row, the last size fastest."""
    (x,) = inputs
    return Result(x.reshape(len(x), -1), lambda gradient: ([gradient.reshape(x.shape)], {}))


@layer_oracle("concat")
def concat(layer: Layer, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """Its one argument: what it reads has been joined along the channels already."""
    (x,) = inputs
    return Result(x, lambda gradient: ([gradient], {}))


@layer_oracle("pad")
def pad(layer: Pad, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """Output pixel (i, j) is input pixel (i - top, j - left), or 0 where there is none."""
    (x,) = inputs
    top, bottom, left, right = layer.padding
    height, width = x.shape[2:]
    shape = (height + top + bottom, width + left + right)
    pairs = [
        ((i, j), (i - top, j - left))
        for i, j in np.ndindex(shape)
        if 0 <= i - top < height and 0 <= j - left < width
    ]
    output = np.zeros((*x.shape[:2], *shape))
    for (i, j), (row, column) in pairs:
        output[:, :, i, j] = x[:, :, row, column]

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        for (i, j), (row, column) in pairs:
            dx[:, :, row, column] = gradient[:, :, i, j]
        return [dx], {}

    return Result(output, pullback)


@layer_oracle("slice")
def slice_(layer: Slice, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """Some channels; nothing comes back to the others."""
    return _chosen(inputs[0], list(range(*layer.channels)))


@layer_oracle("channel_shuffle")
def channel_shuffle(
    layer: ChannelShuffle, inputs: Sequence[Values], weights: Weights, run: Circumstances
) -> Result:
    """Zhang et al. 2018, section 3.1: the i-th channel of each block, for every i."""
    (x,) = inputs
    size = x.shape[1] // layer.groups
    return _chosen(x, [block * size + i for i in range(size) for block in range(layer.groups)])


def _chosen(x: Values, channels: list[int]) -> Result:
    """The channels of these numbers, each of them once at the most."""

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        for out, into in enumerate(channels):
            dx[:, into] = gradient[:, out]
        return [dx], {}

    return Result(np.stack([x[:, c] for c in channels], axis=1), pullback)


@layer_oracle("subsample")
def subsample(layer: Subsample, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The pixels at start, start + stride and so on; the others have no gradient."""
    (x,) = inputs
    rows, columns = (
        list(range(start, size, stride))
        for start, size, stride in zip(layer.start, x.shape[2:], layer.stride, strict=True)
    )

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        dx[:, :, np.array(rows)[:, None], columns] = gradient
        return [dx], {}

    return Result(x[:, :, rows][:, :, :, columns], pullback)
