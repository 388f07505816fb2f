"""The built-in layer kinds in PyTorch.

A function takes the operation, its arguments (one tensor each, batch first, then the canonical channels,
height, width), the parameters by role in their canonical layouts, and the circumstances of the run. It
returns the output before the layer's activation function, which is applied for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Kinds, Run
from specnet.layers.activation import Activation
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.conv import Conv
from specnet.layers.dropout import Dropout
from specnet.layers.lrn import LRN
from specnet.layers.pool import AvgPool, MaxPool
from specnet.layers.window import Pads
from specnet.plans.operations import Compute
from specnet_torch import activations, fast

Weights = Mapping[str, Tensor]

LayerFunction = Callable[[Compute[Any], Sequence[Tensor], Weights, Run[Tensor]], Tensor]

layer: Kinds[LayerFunction] = Kinds("torch", "layer")

FRESH = frozenset({"conv", "dense", "batch_norm"})
"""Kinds whose output is a new tensor that their own gradient does not look at: it may be changed in place."""


def padded(x_nchw: Tensor, pads: Pads, value: float) -> Tensor:
    """The image with rows and columns of `value` around it."""
    if not any(pads):
        return x_nchw
    return F.pad(x_nchw, (pads.left, pads.right, pads.top, pads.bottom), value=value)


def _even(pads: Pads) -> tuple[int, int] | None:
    """Rows and columns of padding on either side, as PyTorch's own layers take it; None if sides differ."""
    even = pads.top == pads.bottom and pads.left == pads.right
    return (pads.top, pads.left) if even else None


@layer("conv")
def conv(op: Compute[Conv], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    weight, bias = weights["weight"], weights.get("bias")
    even = _even(pads)
    if even is not None:
        return F.conv2d(x, weight, bias, settings.stride, even, groups=settings.groups)
    return F.conv2d(padded(x, pads, 0.0), weight, bias, settings.stride, groups=settings.groups)


@layer("dense")
def dense(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return fast.linear(inputs[0].flatten(1), weights["weight"], weights.get("bias"))


@layer("max_pool")
def max_pool(op: Compute[MaxPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings = op.layer
    pads = settings.window(op.input_shapes[0])[0]
    even, (high, wide) = _even(pads), settings.kernel
    if even is not None and even[0] <= high // 2 and even[1] <= wide // 2:  # PyTorch's limit
        return fast.max_pool(inputs[0], settings.kernel, settings.stride, even)
    return fast.max_pool(padded(inputs[0], pads, float("-inf")), settings.kernel, settings.stride, (0, 0))


@layer("avg_pool")
def avg_pool(op: Compute[AvgPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    mean = F.avg_pool2d(padded(x, pads, 0.0), settings.kernel, settings.stride)
    if not any(pads):
        return mean
    pixels = padded(torch.ones_like(x[:1, :1]), pads, 0.0)
    return mean / F.avg_pool2d(pixels, settings.kernel, settings.stride)


@layer("global_avg_pool")
def global_avg_pool(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0].mean(dim=(2, 3))


@layer("lrn")
def lrn(op: Compute[LRN], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    """The sum over neighbouring maps is a 1x1 convolution of the squares with a band of ones."""
    settings, (x,) = op.layer, inputs
    channels, reach = op.input_shapes[0][0], settings.size // 2
    band = x.new_ones(channels, channels).triu(-reach).tril(reach)
    if fast.enabled():
        constants = settings.k, settings.scale(), settings.beta
        normal: Tensor = fast.Normalize.apply(x, band[:, :, None, None], *constants)
        return normal
    sums = F.conv2d(x * x, band[:, :, None, None])
    return x * (settings.k + settings.scale() * sums).pow(-settings.beta)


@layer("batch_norm")
def batch_norm(
    op: Compute[BatchNorm], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    settings, (x,) = op.layer, inputs
    mean, var = weights["running_mean"], weights["running_var"]
    if not run.training:
        return F.batch_norm(x, mean, var, weights["weight"], weights["bias"], False, 0.0, settings.epsilon)
    momentum = 1 - settings.momentum
    if not fast.enabled():
        normal = _normalized(x, weights, None, None, settings.epsilon)
        with torch.no_grad():
            window = tuple(range(2, 1 + len(op.input_shapes[0])))
            biased, batch_mean = torch.var_mean(x.detach(), (0, *window), correction=0)
            mean.lerp_(batch_mean, momentum)
            var.lerp_(biased, momentum)
        return normal
    batch_mean, batch_var = torch.zeros_like(mean), torch.zeros_like(var)
    normal = _normalized(x, weights, batch_mean, batch_var, settings.epsilon)
    with torch.no_grad():
        # PyTorch applies Bessel's correction to the running variance; the language does not.
        count = x.numel() // x.shape[1]
        biased = batch_var * ((count - 1) / count) if count > 1 else torch.zeros_like(var)
        mean.lerp_(batch_mean, momentum)
        var.lerp_(biased, momentum)
    return normal


def _normalized(
    x: Tensor, weights: Weights, mean: Tensor | None, var: Tensor | None, epsilon: float
) -> Tensor:
    """A batch by its own statistics, which replace those in `mean` and `var`."""
    cudnn = torch.backends.cudnn.enabled
    return torch.batch_norm(x, weights["weight"], weights["bias"], mean, var, True, 1.0, epsilon, cudnn)


@layer("dropout")
def dropout(op: Compute[Dropout], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    stay = 1 - settings.rate
    if not run.training:
        return x * stay if settings.scale_at == "test" else x
    if run.keep is None:
        dropped = F.dropout(x, settings.rate)
        return dropped * stay if settings.scale_at == "test" else dropped
    kept = x * run.keep
    return kept if settings.scale_at == "test" else kept / stay


@layer("activation")
def activation(
    op: Compute[Activation], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    return activations.find(op, op.layer.function)(inputs[0])


@layer("flatten")
def flatten(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0].flatten(1)


@layer("concat")
def concat(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0]


@layer("add")
def add(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    total = inputs[0]
    for other in inputs[1:]:
        total = total + other
    return total
