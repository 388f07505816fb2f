"""Oracle of the convolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from specnet.layers.conv import Conv
from specnet.testing.oracles.base import Circumstances, Result, Values, layer_oracle
from specnet.testing.oracles.windows import end, windows


@layer_oracle("conv")
def conv(layer: Conv, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances) -> Result:
    """y[o, i, j] = bias[o] + sum over c, r, s of w[o, c, r, s] * x[c, i * down + r, j * right + s]."""
    (x,) = inputs
    if not layer.shared:
        return _local(layer, x, weights)
    weight, bias = weights["weight"], weights.get("bias")
    places = windows(layer, x.shape[2:])
    output = np.zeros((len(x), layer.filters, *end(places)))
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


def _local(layer: Conv, x: Values, weights: Mapping[str, Values]) -> Result:
    """The same with w[o, c, r, s, i, j] and bias[o, i, j] in place of w[o, c, r, s] and bias[o]."""
    weight = weights["weight"]
    places = windows(layer, x.shape[2:])
    output = np.zeros((len(x), layer.filters, *end(places)))
    for o, c in _blocks(layer, x.shape[1]):
        for at in places:
            own = weight[o][at.weights][..., at.output[2], at.output[3]]
            output[:, o][at.output] = np.einsum("ncrs,ocrs->no", x[:, c][at.pixels], own)

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx, dw = np.zeros_like(x), np.zeros_like(weight)
        for o, c in _blocks(layer, x.shape[1]):
            for at in places:
                g = gradient[:, o][at.output]
                own = weight[o][at.weights][..., at.output[2], at.output[3]]
                dx[:, c][at.pixels] += np.einsum("no,ocrs->ncrs", g, own)
                of_own = np.einsum("no,ncrs->ocrs", g, x[:, c][at.pixels])
                dw[o][at.weights][..., at.output[2], at.output[3]] = of_own
        gradients = {"weight": dw}
        if "bias" in weights:
            gradients["bias"] = gradient.sum(axis=0)
        return [dx], gradients

    return Result(output + weights.get("bias", np.zeros(output.shape[1:])), pullback)


def _blocks(layer: Conv, channels: int) -> Iterator[tuple[slice, slice]]:
    """The filters and the input channels of each block of a grouped convolution."""
    out, into = layer.filters // layer.groups, channels // layer.groups
    for block in range(layer.groups):
        yield slice(block * out, (block + 1) * out), slice(block * into, (block + 1) * into)
