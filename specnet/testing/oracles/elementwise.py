"""Oracles of what is done to each value by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.layers.activation import Activation
from specnet.layers.dropout import Dropout
from specnet.layers.merge import Add
from specnet.testing.oracles.base import (
    Circumstances,
    Result,
    Values,
    Weights,
    layer_oracle,
    oracle_of,
)


@layer_oracle("dropout")
def dropout(layer: Dropout, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The mask times a factor in training, a factor alone at test; one of the factors is 1."""
    (x,) = inputs
    stay = 1.0 - layer.rate
    if run.training:
        assert run.keep is not None, "a training step of dropout needs its mask"
        factor = run.keep / stay if layer.scale_at == "train" else run.keep.astype(np.float64)
    else:
        factor = np.full(x.shape, stay if layer.scale_at == "test" else 1.0)
    return Result(factor * x, lambda gradient: ([factor * gradient], {}))


@layer_oracle("activation")
def activation(layer: Activation, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The function that the layer names."""
    output, pull = oracle_of(layer.function, "the layer")(inputs[0])
    return Result(output, lambda gradient: ([pull(gradient)], {}))


@layer_oracle("add")
def add(layer: Add, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The sum of all arguments."""
    return Result(np.sum(np.stack(inputs), axis=0), lambda gradient: ([gradient] * len(inputs), {}))
