"""Convolution in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Run
from specnet.layers.conv import Conv
from specnet.plans.operations import Compute
from specnet_torch.layers.base import Weights, layer, padded, sides


@layer("conv")
def conv(op: Compute[Conv], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    weight, bias = weights["weight"], weights.get("bias")
    if not settings.shared:
        return _local(settings, padded(x, pads, 0.0), weight, bias)
    even = sides(pads)
    if even is not None:
        return F.conv2d(x, weight, bias, settings.stride, even, settings.dilation, settings.groups)
    return F.conv2d(
        padded(x, pads, 0.0), weight, bias, settings.stride, 0, settings.dilation, settings.groups
    )


def _local(settings: Conv, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A kernel for each output pixel: a product of what each of them sees, block by block."""
    filters, *_, rows, columns = weight.shape
    seen = F.unfold(x, settings.kernel, settings.dilation, 0, settings.stride)
    seen = seen.unflatten(1, (settings.groups, -1))  # (n, blocks, channels and taps, pixels)
    kernels = weight.reshape(settings.groups, filters // settings.groups, -1, rows * columns)
    output = torch.einsum("ngcp,gocp->ngop", seen, kernels).reshape(len(x), filters, rows, columns)
    return output if bias is None else output + bias
