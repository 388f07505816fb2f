"""The built-in layer kinds in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.layers.activation import Activation
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.conv import Conv
from specnet.layers.dropout import Dropout
from specnet.layers.lrn import LRN
from specnet.layers.pool import AvgPool, MaxPool
from specnet.layers.window import Pads
from specnet.plans.operations import Compute
from specnet_torch import fast
from specnet_torch.registry import Run, implements

Weights = Mapping[str, Tensor]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, dim=1),
}


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


@implements("conv")
def conv(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    layer, (x,) = op.layer, inputs
    assert isinstance(layer, Conv)
    pads = layer.window(op.input_shapes[0])[0]
    weight, bias = weights["weight"], weights.get("bias")
    even = _even(pads)
    if even is not None:
        return F.conv2d(x, weight, bias, layer.stride, even, groups=layer.groups)
    return F.conv2d(padded(x, pads, 0.0), weight, bias, layer.stride, groups=layer.groups)


@implements("dense")
def dense(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    return fast.linear(inputs[0].flatten(1), weights["weight"], weights.get("bias"))


@implements("max_pool")
def max_pool(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    layer = op.layer
    assert isinstance(layer, MaxPool)
    pads = layer.window(op.input_shapes[0])[0]
    even, (high, wide) = _even(pads), layer.kernel
    if even is not None and even[0] <= high // 2 and even[1] <= wide // 2:  # PyTorch's limit
        return fast.max_pool(inputs[0], layer.kernel, layer.stride, even)
    return fast.max_pool(padded(inputs[0], pads, float("-inf")), layer.kernel, layer.stride, (0, 0))


@implements("avg_pool")
def avg_pool(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    layer, (x,) = op.layer, inputs
    assert isinstance(layer, AvgPool)
    pads = layer.window(op.input_shapes[0])[0]
    mean = F.avg_pool2d(padded(x, pads, 0.0), layer.kernel, layer.stride)
    if not any(pads):
        return mean
    pixels = padded(torch.ones_like(x[:1, :1]), pads, 0.0)
    return mean / F.avg_pool2d(pixels, layer.kernel, layer.stride)


@implements("global_avg_pool")
def global_avg_pool(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    return inputs[0].mean(dim=(2, 3))


@implements("lrn")
def lrn(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    """The sum over neighbouring maps is a 1x1 convolution of the squares with a band of ones."""
    layer, (x,) = op.layer, inputs
    assert isinstance(layer, LRN)
    channels, reach = op.input_shapes[0][0], layer.size // 2
    band = x.new_ones(channels, channels).triu(-reach).tril(reach)
    if fast.enabled():
        normal: Tensor = fast.Normalize.apply(x, band[:, :, None, None], layer.k, layer.scale(), layer.beta)
        return normal
    sums = F.conv2d(x * x, band[:, :, None, None])
    return x * (layer.k + layer.scale() * sums).pow(-layer.beta)


@implements("batch_norm")
def batch_norm(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    layer, (x,) = op.layer, inputs
    assert isinstance(layer, BatchNorm)
    mean, var = weights["running_mean"], weights["running_var"]
    if not run.training:
        return F.batch_norm(x, mean, var, weights["weight"], weights["bias"], False, 0.0, layer.epsilon)
    momentum = 1 - layer.momentum
    if not fast.enabled():
        normal = _normalized(x, weights, None, None, layer.epsilon)
        with torch.no_grad():
            window = tuple(range(2, 1 + len(op.input_shapes[0])))
            biased, batch_mean = torch.var_mean(x.detach(), (0, *window), correction=0)
            mean.lerp_(batch_mean, momentum)
            var.lerp_(biased, momentum)
        return normal
    batch_mean, batch_var = torch.zeros_like(mean), torch.zeros_like(var)
    normal = _normalized(x, weights, batch_mean, batch_var, layer.epsilon)
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


@implements("dropout")
def dropout(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    layer, (x,) = op.layer, inputs
    assert isinstance(layer, Dropout)
    stay = 1 - layer.rate
    if not run.training:
        return x * stay if layer.scale_at == "test" else x
    if run.keep is None:
        dropped = F.dropout(x, layer.rate)
        return dropped * stay if layer.scale_at == "test" else dropped
    kept = x * run.keep
    return kept if layer.scale_at == "test" else kept / stay


@implements("activation")
def activation(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    layer = op.layer
    assert isinstance(layer, Activation)
    return ACTIVATIONS[layer.function](inputs[0])


@implements("flatten")
def flatten(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    return inputs[0].flatten(1)


@implements("concat")
def concat(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    return inputs[0]


@implements("add")
def add(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run) -> Tensor:
    total = inputs[0]
    for other in inputs[1:]:
        total = total + other
    return total
