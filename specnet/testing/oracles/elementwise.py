"""Oracles of what is done to each value by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.layers.activation import Activation
from specnet.layers.dropout import Dropout
from specnet.layers.merge import Add, Multiply
from specnet.layers.stochastic_depth import StochasticDepth
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


@layer_oracle("stochastic_depth")
def stochastic_depth(
    layer: StochasticDepth, inputs: Sequence[Values], weights: Weights, run: Circumstances
) -> Result:
    """In training, zeros for an image or its values over 1 - rate (Huang et al. 2016, equation 2)."""
    (x,) = inputs
    factors = np.ones(len(x))
    if run.training:
        assert run.keep is not None, "a training step of stochastic depth needs its mask"
        assert run.keep.size == len(x), "one number for each image"
        factors = np.where(run.keep.ravel() == 1, 1.0 / (1.0 - layer.rate), 0.0)
    return Result(_by_image(factors, x), lambda gradient: ([_by_image(factors, gradient)], {}))


def _by_image(factors: Values, x: Values) -> Values:
    return np.stack([factor * image for factor, image in zip(factors, x, strict=True)])


@layer_oracle("activation")
def activation(layer: Activation, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The function that the layer names."""
    output, pull = oracle_of(layer.function, "the layer")(inputs[0])
    return Result(output, lambda gradient: ([pull(gradient)], {}))


@layer_oracle("add")
def add(layer: Add, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The sum of all arguments."""
    return Result(np.sum(np.stack(inputs), axis=0), lambda gradient: ([gradient] * len(inputs), {}))


@layer_oracle("multiply")
def multiply(layer: Multiply, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """y = x1 x2 ..., with dy / dx1 = x2 ...; one number for a channel's pixels has the sum of theirs."""
    rank = max(x.ndim for x in inputs)
    wide = [x.reshape(x.shape + (1,) * (rank - x.ndim)) for x in inputs]
    shape = np.broadcast_shapes(*(x.shape for x in wide))
    full = [np.broadcast_to(x, shape) for x in wide]

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        parts: list[Values] = []
        for index, x in enumerate(inputs):
            others = np.prod(np.stack([gradient, *full[:index], *full[index + 1 :]]), axis=0)
            pixels = tuple(axis for axis in range(2, rank) if wide[index].shape[axis] < shape[axis])
            parts.append(others.sum(axis=pixels, keepdims=True).reshape(x.shape))
        return parts, {}

    return Result(np.prod(np.stack(full), axis=0), pullback)
