"""Oracles of the kinds without windows, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from specnet.layers.activation import Activation
from specnet.layers.base import Layer
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.dense import Dense
from specnet.layers.dropout import Dropout
from specnet.layers.lrn import LRN
from specnet.layers.merge import Add
from specnet.testing.oracles import windows
from specnet.testing.oracles.base import Circumstances, Oracle, Result, Values

Weights = Mapping[str, Values]


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


def activation(layer: Activation, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The function that the layer names."""
    output, pull = ACTIVATIONS[layer.function](inputs[0])
    return Result(output, lambda gradient: ([pull(gradient)], {}))


def flatten(layer: Layer, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """All values in one row, the last size fastest."""
    (x,) = inputs
    return Result(x.reshape(len(x), -1), lambda gradient: ([gradient.reshape(x.shape)], {}))


def concat(layer: Layer, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """Its one argument: what it reads has been joined along the channels already."""
    (x,) = inputs
    return Result(x, lambda gradient: ([gradient], {}))


def add(layer: Add, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """The sum of all arguments."""
    return Result(np.sum(np.stack(inputs), axis=0), lambda gradient: ([gradient] * len(inputs), {}))


Pull = Callable[[Values], Values]


def relu(x: Values) -> tuple[Values, Pull]:
    """max(x, 0), with derivative 0 at 0."""
    return np.where(x > 0, x, 0.0), lambda gradient: np.where(x > 0, gradient, 0.0)


def tanh(x: Values) -> tuple[Values, Pull]:
    """sinh(x) / cosh(x), with derivative 1 / cosh(x) ** 2."""
    return np.sinh(x) / np.cosh(x), lambda gradient: gradient / np.cosh(x) ** 2


def sigmoid(x: Values) -> tuple[Values, Pull]:
    """1 / (1 + exp(-x)), with derivative exp(-x) / (1 + exp(-x)) ** 2."""
    return 1 / (1 + np.exp(-x)), lambda gradient: gradient * np.exp(-x) / (1 + np.exp(-x)) ** 2


def softmax(x: Values) -> tuple[Values, Pull]:
    """exp(x[c]) / sum over d of exp(x[d]), along the channels."""
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    y = powers / powers.sum(axis=1, keepdims=True)
    return y, lambda gradient: y * (gradient - (gradient * y).sum(axis=1, keepdims=True))


ACTIVATIONS = {"relu": relu, "tanh": tanh, "sigmoid": sigmoid, "softmax": softmax}

ORACLES: dict[str, Oracle] = {
    "activation": activation,
    "add": add,
    "avg_pool": windows.avg_pool,
    "batch_norm": batch_norm,
    "concat": concat,
    "conv": windows.conv,
    "dense": dense,
    "dropout": dropout,
    "flatten": flatten,
    "global_avg_pool": windows.global_avg_pool,
    "lrn": lrn,
    "max_pool": windows.max_pool,
}
