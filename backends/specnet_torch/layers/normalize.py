"""Normalizations in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Run
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.layer_norm import LayerNorm
from specnet.layers.lrn import LRN
from specnet.layers.scale import Scale
from specnet.plans.operations import Compute
from specnet_torch import fast
from specnet_torch.layers.base import Weights, layer


@layer("lrn")
def lrn(op: Compute[LRN], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    """The sum over neighbouring maps is a 1x1 convolution of the squares with a band of ones."""
    settings, (x,) = op.layer, inputs
    if settings.region == "within":
        high, wide = settings.reach_within(op.input_shapes[0])
        sides = (2 * high + 1, 2 * wide + 1)
        sums = F.avg_pool2d(x * x, sides, 1, (high, wide), divisor_override=1)
        return x * (settings.k + settings.scale() * sums).pow(-settings.beta)
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
        return F.batch_norm(
            x, mean, var, weights.get("weight"), weights.get("bias"), False, 0.0, settings.epsilon
        )
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
    scale, shift = weights.get("weight"), weights.get("bias")
    return torch.batch_norm(x, scale, shift, mean, var, True, 1.0, epsilon, cudnn)


@layer("layer_norm")
def layer_norm(
    op: Compute[LayerNorm], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    x_last = inputs[0].movedim(1, -1)
    channels = op.input_shapes[0][:1]
    normal = F.layer_norm(x_last, channels, weights.get("weight"), weights.get("bias"), op.layer.epsilon)
    return normal.movedim(-1, 1)


@layer("scale")
def scale(op: Compute[Scale], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    # Parameters stay as they are, or torch.fx would take what is made of them for constants.
    x_last = inputs[0].movedim(1, -1)
    if "weight" in weights:
        x_last = x_last * weights["weight"]
    if "bias" in weights:
        x_last = x_last + weights["bias"]
    return x_last.movedim(-1, 1)
