"""Convolutions in PyTorch, those with fixed filters included."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Run
from specnet.layers.blur import Blur
from specnet.layers.conv import Conv, Convolution
from specnet.layers.random_connections import RandomConnections
from specnet.plans.operations import Compute
from specnet_torch.layers.base import Weights, layer, padded, sides


@layer("conv")
def conv(op: Compute[Conv], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    weight, bias = weights["weight"], weights.get("bias")
    if not settings.shared:
        return _local(settings, padded(x, settings.window(op.input_shapes[0])[0], 0.0), weight, bias)
    return _convolved(op, x, weight, bias, settings.groups)


@layer("random_connections")
def random_connections(
    op: Compute[RandomConnections], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    """An ordinary convolution whose kernels are zero where there is no connection."""
    (x,), weight = inputs, weights["weight"]
    filters, _, *kernel = weight.shape
    read = torch.as_tensor(op.layer.channels(op.input_shapes[0]), device=x.device)
    rows = torch.arange(filters, device=x.device)[:, None]
    whole = weight.new_zeros(filters, x.shape[1], *kernel).index_put((rows, read), weight)
    return _convolved(op, x, whole, weights.get("bias"), 1)


def _convolved(
    op: Compute[Convolution], x: Tensor, weight: Tensor, bias: Tensor | None, groups: int
) -> Tensor:
    settings = op.layer
    pads = settings.window(op.input_shapes[0])[0]
    even = sides(pads)
    if even is None:
        x, even = padded(x, pads, 0.0), (0, 0)
    return F.conv2d(x, weight, bias, settings.stride, even, settings.dilation, groups)


@layer("blur")
def blur(op: Compute[Blur], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    (x,) = inputs
    channels, height, width = op.input_shapes[0]
    down, across = (x.new_tensor(op.layer.taps(size - 1)) for size in (height, width))
    along = across.expand(channels, 1, 1, -1)
    x = F.conv2d(x, along, padding=(0, len(across) // 2), groups=channels)
    return F.conv2d(x, down[:, None].expand(channels, 1, -1, 1), padding=(len(down) // 2, 0), groups=channels)


def _local(settings: Conv, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A kernel for each output pixel: a product of what each of them sees, block by block."""
    filters, *_, rows, columns = weight.shape
    seen = F.unfold(x, settings.kernel, settings.dilation, 0, settings.stride)
    seen = seen.unflatten(1, (settings.groups, -1))  # (n, blocks, channels and taps, pixels)
    kernels = weight.reshape(settings.groups, filters // settings.groups, -1, rows * columns)
    output = torch.einsum("ngcp,gocp->ngop", seen, kernels).reshape(len(x), filters, rows, columns)
    return output if bias is None else output + bias
