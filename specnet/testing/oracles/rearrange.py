"""Oracles of what moves values about and leaves them as they are."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.layers.base import Layer
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
