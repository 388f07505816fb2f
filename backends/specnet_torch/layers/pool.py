"""Pooling in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Run
from specnet.layers.maxout import Maxout
from specnet.layers.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from specnet.layers.window import Pads
from specnet.plans.operations import Compute
from specnet_torch import fast
from specnet_torch.layers.base import Weights, layer, padded, sides


@layer("max_pool")
def max_pool(op: Compute[MaxPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings = op.layer
    pads = settings.window(op.input_shapes[0])[0]
    even, (high, wide) = sides(pads), settings.kernel
    if even is not None and even[0] <= high // 2 and even[1] <= wide // 2:  # PyTorch's limit
        return fast.max_pool(inputs[0], settings.kernel, settings.stride, even)
    return fast.max_pool(padded(inputs[0], pads, float("-inf")), settings.kernel, settings.stride, (0, 0))


@layer("avg_pool")
def avg_pool(op: Compute[AvgPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    mean = F.avg_pool2d(padded(x, pads, 0.0), settings.kernel, settings.stride)
    counted = settings.counted_padding(op.input_shapes[0])
    if counted == pads:
        return mean
    pixels = padded(torch.ones_like(x[:1, :1]), counted, 1.0)
    pixels = padded(pixels, Pads(*map(int.__sub__, pads, counted)), 0.0)
    return mean / F.avg_pool2d(pixels, settings.kernel, settings.stride)


@layer("global_avg_pool")
def global_avg_pool(
    op: Compute[GlobalAvgPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    return inputs[0].mean(dim=(2, 3), keepdim=op.layer.keep_dims)


@layer("global_max_pool")
def global_max_pool(
    op: Compute[GlobalMaxPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    largest = inputs[0].flatten(2).max(dim=2).values
    return largest[:, :, None, None] if op.layer.keep_dims else largest


@layer("maxout")
def maxout(op: Compute[Maxout], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0].unflatten(1, (-1, op.layer.pieces)).max(dim=2).values
