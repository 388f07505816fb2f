"""Oracles of the convolutions, those with fixed filters included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

import numpy as np

from specnet.layers.blur import Blur
from specnet.layers.conv import Conv
from specnet.layers.random_connections import RandomConnections
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


@layer_oracle("random_connections")
def random_connections(
    layer: RandomConnections, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances
) -> Result:
    """For each filter a convolution of the channels that it reads."""
    (x,) = inputs
    read = layer.channels(x.shape[1:])
    window = {key: getattr(layer, key) for key in ("kernel", "stride", "padding", "rounding", "dilation")}
    single = Conv.model_validate({"from": "x", "filters": 1, "bias": "none", **window})
    each = [
        conv(single, [x[:, channels]], {"weight": kernels[None]}, run)
        for channels, kernels in zip(read, weights["weight"], strict=True)
    ]
    output = np.concatenate([result.output for result in each], axis=1)
    if "bias" in weights:
        output += weights["bias"][:, None, None]

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        dx = np.zeros_like(x)
        kernels: list[Values] = []
        for o, (channels, result) in enumerate(zip(read, each, strict=True)):
            (part,), of_kernel = result.pullback(gradient[:, o : o + 1])
            dx[:, channels] += part
            kernels.append(of_kernel["weight"])
        bias = {"bias": gradient.sum(axis=(0, 2, 3))} if "bias" in weights else {}
        return [dx], {"weight": np.concatenate(kernels), **bias}

    return Result(output, pullback)


@layer_oracle("blur")
def blur(layer: Blur, inputs: Sequence[Values], weights: Mapping[str, Values], run: Circumstances) -> Result:
    """D x A with D[i, k] = f(i - k) down and A[l, j] = f(l - j) across, for the Gaussian f."""
    (x,) = inputs
    down, across = (_gaussian(layer, size) for size in x.shape[2:])
    return Result(down @ x @ across, lambda gradient: ([down @ gradient @ across], {}))


def _gaussian(layer: Blur, size: int) -> Values:
    """f(i - k) for all pixels i and k of a line: the density over its sum, and zero beyond the filter."""
    half = (layer.size - 1) // 2
    density = NormalDist(0, layer.std).pdf
    total = sum(density(i) for i in range(-half, half + 1))
    return np.array(
        [[density(i - k) / total if abs(i - k) <= half else 0.0 for k in range(size)] for i in range(size)]
    )
