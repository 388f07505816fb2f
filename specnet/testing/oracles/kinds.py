"""Oracles of the layer kinds without windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from specnet.layers.activation import Activation
from specnet.layers.base import Layer
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.dense import Dense
from specnet.layers.dropout import Dropout
from specnet.layers.lrn import LRN
from specnet.layers.merge import Add
from specnet.testing.oracles.base import Circumstances, Result, Values, activation_oracle, layer_oracle

Weights = Mapping[str, Values]


@layer_oracle("dense")
def dense(layer: Dense, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """y[o] = bias[o] + sum over i of w[o, i] * x[i], x in channel, height, width order."""
    (x,) = inputs
    rows = x.reshape(len(x), -1)
    weight, bias = weights["weight"], weights.get("bias")
    output = np.einsum("ni,oi->no", rows, weight) + (0 if bias is None else bias)

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        gradients = {"weight": np.einsum("no,ni->oi", gradient, rows)}
        if bias is not None:
            gradients["bias"] = gradient.sum(axis=0)
        return [np.einsum("no,oi->ni", gradient, weight).reshape(x.shape)], gradients

    return Result(output, pullback)


@layer_oracle("lrn")
def lrn(layer: LRN, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """b[c] = a[c] / s[c] ** beta with s[c] = k + alpha * sum of a ** 2 over the maps within size // 2 of c.

    Krizhevsky et al. 2012, section 3.3. Its derivative: db[c] / da[d] is s[c] ** -beta where c = d, less
    2 alpha beta a[c] a[d] s[c] ** (-beta - 1) where d is one of c's neighbours.
    """
    (a,) = inputs
    alpha = layer.alpha / layer.size if layer.alpha_over == "size" else layer.alpha
    reach, maps = (layer.size - 1) // 2, a.shape[1]
    near = [[d for d in range(maps) if abs(c - d) <= reach] for c in range(maps)]
    s = np.stack([layer.k + alpha * (a[:, near[c]] ** 2).sum(axis=1) for c in range(maps)], axis=1)

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        pull = gradient * a / s ** (layer.beta + 1)
        shared = np.stack([pull[:, near[d]].sum(axis=1) for d in range(maps)], axis=1)
        return [gradient / s**layer.beta - 2 * alpha * layer.beta * a * shared], {}

    return Result(a / s**layer.beta, pullback)


@layer_oracle("batch_norm")
def batch_norm(layer: BatchNorm, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """Ioffe and Szegedy 2015, algorithm 1, and the six derivatives that follow it in section 3."""
    (x,) = inputs
    axes = (0, *range(2, x.ndim))
    count = x.size // x.shape[1]
    wide = (slice(None), *[None] * (x.ndim - 2))
    gamma, beta = weights["weight"][wide], weights["bias"][wide]
    updates: dict[str, Values] = {}
    if run.training:
        mean = run.rounded(x.sum(axis=axes) / count)
        var = ((x - mean[wide]) ** 2).sum(axis=axes) / count
        stay = layer.momentum
        updates["running_mean"] = stay * weights["running_mean"] + (1 - stay) * mean
        updates["running_var"] = stay * weights["running_var"] + (1 - stay) * var
    else:
        mean, var = weights["running_mean"], weights["running_var"]
    deviation = np.sqrt(var + layer.epsilon)[wide]
    centred = x - mean[wide]

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        assert run.training, "gradients are taken in training mode"
        normal_gradient = gradient * gamma
        var_gradient = -(normal_gradient * centred).sum(axis=axes)[wide] / (2 * deviation**3)
        mean_gradient = -normal_gradient.sum(axis=axes)[wide] / deviation
        mean_gradient = mean_gradient - 2 * var_gradient * centred.sum(axis=axes)[wide] / count
        terms = (normal_gradient / deviation, 2 * var_gradient * centred / count, mean_gradient / count)
        dx = sum(map(run.rounded, terms), np.zeros_like(x))
        gradients = {
            "weight": (gradient * centred / deviation).sum(axis=axes),
            "bias": gradient.sum(axis=axes),
        }
        return [dx], gradients

    return Result(gamma * centred / deviation + beta, pullback, updates)


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
    output, pull = activation_oracle.find(layer.function, "the layer")(inputs[0])
    return Result(output, lambda gradient: ([pull(gradient)], {}))


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


@layer_oracle("add")
def add(layer: Add, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The sum of all arguments."""
    return Result(np.sum(np.stack(inputs), axis=0), lambda gradient: ([gradient] * len(inputs), {}))
