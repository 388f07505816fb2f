"""Oracles of the normalizations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.layers.batch_norm import BatchNorm
from specnet.layers.layer_norm import LayerNorm
from specnet.layers.lrn import LRN
from specnet.layers.scale import Scale
from specnet.testing.oracles.base import (
    Circumstances,
    Result,
    Values,
    Weights,
    layer_oracle,
)


@layer_oracle("lrn")
def lrn(layer: LRN, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """Across maps as in `_across`; within one with the sum over the pixels no further than size // 2 away."""
    return _within(layer, inputs[0]) if layer.region == "within" else _across(layer, inputs[0])


def _within(layer: LRN, a: Values) -> Result:
    """b[i, j] = a[i, j] / s[i, j] ** beta, each sum taken over the pixels that exist, with its derivative."""
    alpha = layer.alpha / layer.size**2 if layer.alpha_over == "size" else layer.alpha
    reach = layer.size // 2

    def spread(values: Values) -> Values:
        sums = np.zeros_like(values)
        for i, j in np.ndindex(*values.shape[2:]):
            rows, columns = (slice(max(0, at - reach), at + reach + 1) for at in (i, j))
            sums[:, :, i, j] = values[:, :, rows, columns].sum(axis=(2, 3))
        return sums

    s = layer.k + alpha * spread(a**2)

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        shared = spread(gradient * a / s ** (layer.beta + 1))
        return [gradient / s**layer.beta - 2 * alpha * layer.beta * a * shared], {}

    return Result(a / s**layer.beta, pullback)


def _across(layer: LRN, a: Values) -> Result:
    """b[c] = a[c] / s[c] ** beta with s[c] = k + alpha * sum of a ** 2 over the maps within size // 2 of c.

    Krizhevsky et al. 2012, section 3.3. Its derivative: db[c] / da[d] is s[c] ** -beta where c = d, less
    2 alpha beta a[c] a[d] s[c] ** (-beta - 1) where d is one of c's neighbours.
    """
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
    """Ioffe and Szegedy 2015, algorithm 1, and the six derivatives that follow it in section 3.

    Without a batch of its own, with the running statistics, it is a straight line in x.
    """
    (x,) = inputs
    axes = (0, *range(2, x.ndim))
    count = x.size // x.shape[1]
    wide = (slice(None), *[None] * (x.ndim - 2))
    one, zero = np.ones(x.shape[1]), np.zeros(x.shape[1])
    gamma, beta = weights.get("weight", one)[wide], weights.get("bias", zero)[wide]
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
        normal_gradient = gradient * gamma
        var_gradient = -(normal_gradient * centred).sum(axis=axes)[wide] / (2 * deviation**3)
        mean_gradient = -normal_gradient.sum(axis=axes)[wide] / deviation
        mean_gradient = mean_gradient - 2 * var_gradient * centred.sum(axis=axes)[wide] / count
        terms = (normal_gradient / deviation, 2 * var_gradient * centred / count, mean_gradient / count)
        dx = sum(map(run.rounded, terms if run.training else terms[:1]), np.zeros_like(x))
        gradients = {
            "weight": (gradient * centred / deviation).sum(axis=axes),
            "bias": gradient.sum(axis=axes),
        }
        return [dx], {role: values for role, values in gradients.items() if role in weights}

    return Result(gamma * centred / deviation + beta, pullback, updates)


@layer_oracle("layer_norm")
def layer_norm(layer: LayerNorm, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """Ba et al. 2016, equation 4, with z[c] = (x[c] - mean) / s and s = sqrt(variance + epsilon).

    Its derivative: dz[c] / dx[d] is ((1 if c = d) - 1 / n - z[c] z[d] / n) / s, for n channels.
    """
    (x,) = inputs
    count = x.shape[1]
    centred = x - run.rounded(sum(x[:, c] for c in range(count)) / count)[:, None]
    s = np.sqrt(sum(centred[:, c] ** 2 for c in range(count)) / count + layer.epsilon)[:, None]
    z = centred / s
    gains, offsets = (_for_channels(weights.get(role), start, x) for role, start in _STARTS.items())
    others = (0, *range(2, x.ndim))

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        pull = gradient * gains / s
        shared = pull.sum(axis=1, keepdims=True) / count
        along = z * (pull * z).sum(axis=1, keepdims=True) / count
        dx = run.rounded(pull) - run.rounded(shared) - run.rounded(along)
        found = {"weight": (gradient * z).sum(axis=others), "bias": gradient.sum(axis=others)}
        return [dx], {role: found[role] for role in weights}

    return Result(gains * z + offsets, pullback)


@layer_oracle("scale")
def scale(layer: Scale, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """y[c] = gain[c] x[c] + offset[c]."""
    (x,) = inputs
    gains, offsets = (_for_channels(weights.get(role), start, x) for role, start in _STARTS.items())
    others = (0, *range(2, x.ndim))

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        found = {"weight": (gradient * x).sum(axis=others), "bias": gradient.sum(axis=others)}
        return [gains * gradient], {role: found[role] for role in weights}

    return Result(gains * x + offsets, pullback)


_STARTS = {"weight": 1.0, "bias": 0.0}
"""What a layer does that has none."""


def _for_channels(values: Values | None, start: float, x: Values) -> Values:
    """A number for each channel, as wide as the values it is for."""
    chosen = np.full(x.shape[1], start) if values is None else values
    return chosen.reshape(1, -1, *[1] * (x.ndim - 2))
