"""Faster ways to the same numbers. `SPECNET_FAST_PATHS=0` takes the plain ones, for comparison.

What is chosen here follows from the device and the type of the values, never from the spec. Each is held to
the same contract as the plain way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet import fast_paths
from specnet_torch.tracing import tracing

PIECE = 3 * 2**20
"""Bytes of a piece of a batch whose next values still find it in the cache."""


def enabled() -> bool:
    """Whether to take them. Compilers and exporters make their own from the plain ways."""
    return fast_paths.enabled() and not tracing()


def images_last(value: Tensor) -> Tensor:
    """An image batch with its channels innermost in memory, where convolutions are fastest.

    Shape and values stay as they are.
    """
    if enabled() and value.ndim == 4 and value.device.type == "cpu":
        return value.contiguous(memory_format=torch.channels_last)
    return value


class Normalize(torch.autograd.Function):
    """Local response normalization y = x s^-beta, s = k + scale * B(x^2), with its gradient by hand.

    B sums over neighbouring channels: a 1x1 convolution with a symmetric band of ones. The gradient is
    g s^-beta - 2 scale beta x B(g x s^-(beta + 1)). Only x and s are kept. On a CPU a few images at a time go
    through all of it, so that what lies between stays in the cache.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, band: Tensor, k: float, scale: float, beta: float) -> Tensor:
        y, s = torch.empty_like(x), torch.empty_like(x)
        weights, bias = band * scale, x.new_full((x.shape[1],), k)
        for x_i, y_i, s_i in _in_pieces(x, y, s):
            s_i.copy_(F.conv2d(x_i * x_i, weights, bias))
            _power(s_i, beta, y_i).mul_(x_i)
        ctx.save_for_backward(x, s, band)
        ctx.k, ctx.scale, ctx.beta = k, scale, beta
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None, None, None, None]:
        x, s, band = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody differentiates once more
            s = ctx.k + ctx.scale * F.conv2d(x * x, band)
            spread = F.conv2d(g * x * s.pow(-ctx.beta - 1), band)
            return g * s.pow(-ctx.beta) - 2 * ctx.scale * ctx.beta * x * spread, None, None, None, None
        dx, weights = torch.empty_like(x), band * (-2 * ctx.scale * ctx.beta)
        for x_i, s_i, g_i, dx_i in _in_pieces(x, s, g, dx):
            _power(s_i, ctx.beta, dx_i).mul_(g_i)
            spread = F.conv2d((dx_i * x_i).div_(s_i), weights)
            dx_i.addcmul_(spread, x_i)
        return dx, None, None, None, None


def _in_pieces(*batches: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Batches of one size cut alike, into pieces of a few images on a CPU; whole elsewhere."""
    first = batches[0]
    if first.device.type != "cpu":
        return iter([batches])
    count = max(1, PIECE // max(1, first[:1].numel() * first.element_size()))
    return zip(*(batch.split(count) for batch in batches), strict=True)


def _power(s: Tensor, beta: float, out: Tensor) -> Tensor:
    """s ** -beta into `out`; for the paper's 0.75 by square roots, which are faster."""
    if beta != 0.75:
        return torch.pow(s, -beta, out=out)
    root = s.rsqrt()
    return torch.sqrt(root, out=out).mul_(root)


def fused_sgd(
    weights: list[Tensor],
    velocities: list[Tensor],
    gradients: list[Tensor],
    rate: float,
    momentum: float,
    decay: float,
) -> bool:
    """v <- m v - rate (g + decay w); w <- w + v in one pass over the memory; False where there is no such.

    There is none without momentum, and only float32 is worth it: 1 + rate is rounded.

    torch's rule is v <- m v + (1 - dampening) (g + decay w); w <- w - lr v. Ours is that with a dampening of
    1 + rate and a learning rate of -1.
    """
    fused = getattr(torch, "_fused_sgd_", None)
    alike = {(w.device.type, w.dtype) for w in weights} == {("cpu", torch.float32)}
    if fused is None or not alike or not momentum or not enabled():
        return False
    fused(
        weights,
        gradients,
        velocities,
        weight_decay=decay,
        momentum=momentum,
        lr=-1.0,
        dampening=1.0 + rate,
        nesterov=False,
        maximize=False,
        is_first_step=False,
    )
    return True
