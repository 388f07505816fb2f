"""Oracles of the poolings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from specnet.layers.maxout import Maxout
from specnet.layers.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from specnet.testing.oracles.base import Circumstances, Result, Values, layer_oracle
from specnet.testing.oracles.windows import counts, end, windows


@layer_oracle("max_pool")
def max_pool(
    layer: MaxPool, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances
) -> Result:
    """The largest pixel of each window; the first one in reading order takes the full gradient."""
    (x,) = inputs
    places = windows(layer, x.shape[2:])
    output = np.zeros((*x.shape[:2], *end(places)))
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
    """The sum of the pixels that each window sees, over the number of those that count."""
    (x,) = inputs
    places = windows(layer, x.shape[2:])
    numbers = list(counts(layer, x.shape[2:]))
    output = np.zeros((*x.shape[:2], *end(places)))
    for at, count in zip(places, numbers, strict=True):
        output[at.output] = x[at.pixels].sum(axis=(2, 3)) / count

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        for at, count in zip(places, numbers, strict=True):
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
        return [np.ones_like(x) * (gradient / count).reshape(*x.shape[:2], 1, 1)], {}

    means = x.sum(axis=(2, 3)) / count
    return Result(means[:, :, None, None] if layer.keep_dims else means, pullback)


@layer_oracle("global_max_pool")
def global_max_pool(
    layer: GlobalMaxPool, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances
) -> Result:
    """The largest pixel of each map; the first one in reading order takes the gradient."""
    (x,) = inputs
    output = np.zeros((*x.shape[:2], 1, 1) if layer.keep_dims else x.shape[:2])
    places: dict[tuple[int, ...], tuple[int, int]] = {}
    for place in np.ndindex(x.shape[:2]):
        pixels = {(i, j): x[(*place, i, j)] for i, j in np.ndindex(x.shape[2:])}
        places[place] = max(pixels, key=pixels.__getitem__)
        output[place] = pixels[places[place]]

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        for place, pixel in places.items():
            dx[place + pixel] = gradient[place].item()
        return [dx], {}

    return Result(output, pullback)


@layer_oracle("maxout")
def maxout(
    layer: Maxout, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances
) -> Result:
    """Goodfellow et al. 2013, section 3: unit i is the largest of the channels i k to i k + k - 1."""
    (x,) = inputs
    k = layer.pieces
    output = np.stack([x[:, i : i + k].max(axis=1) for i in range(0, x.shape[1], k)], axis=1)

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        free = np.ones(output.shape, dtype=bool)
        for piece in range(k):
            wins = free & (x[:, piece::k] == output)
            dx[:, piece::k] = np.where(wins, gradient, 0.0)
            free &= ~wins
        return [dx], {}

    return Result(output, pullback)
