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

from specnet.backend import fast_paths
from specnet.recipe.optimizers import SGD
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
    if not enabled() or value.ndim != 4 or value.device.type != "cpu":
        return value
    value = value.contiguous(memory_format=torch.channels_last)
    # One channel is innermost and outermost at once, and PyTorch goes by the strides.
    return value.squeeze(1).unsqueeze(-1).permute(0, 3, 1, 2) if value.shape[1] == 1 else value


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
            dx_i.add_(spread.mul_(x_i))
        return dx, None, None, None, None


def _in_pieces(*batches: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Batches of one size cut alike, into pieces of a few images on a CPU; uncut elsewhere."""
    first = batches[0]
    if first.device.type != "cpu":
        return iter([batches])
    count = max(1, PIECE // max(1, first[:1].numel() * first.element_size()))
    return zip(*(batch.split(count) for batch in batches), strict=True)


def _power(s: Tensor, beta: float, out: Tensor) -> Tensor:
    """s ** -beta into `out`; for the paper's 0.75 by square roots, which are faster.

    1 / sqrt is rounded as IEEE 754 says, unlike powers and PyTorch's own sqrt, so every backend finds this.
    """
    if beta != 0.75:
        return torch.pow(s, -beta, out=out)
    root = s.rsqrt()
    return torch.mul(s, root, out=out).rsqrt_().mul_(root)


class Linear(torch.autograd.Function):
    """x w + b, with a gradient of b that is summed in float64 and so is the same in whatever order."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.linear(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        dx = g.mm(weight) if of_x else None
        dw = g.t().mm(x) if of_weight else None
        return dx, dw, g.sum(0, dtype=torch.float64).to(g.dtype) if of_bias else None


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x w + b, x (n, inputs) and w (units, inputs)."""
    if bias is None or not enabled() or x.device.type != "cpu" or not torch.is_grad_enabled():
        return F.linear(x, weight, bias)
    product: Tensor = Linear.apply(x, weight, bias)
    return product


Size = tuple[int, int]


def max_pool(x: Tensor, kernel: Size, stride: Size, padding: Size) -> Tensor:
    """Max pooling; where windows overlap, with a gradient that every backend sums alike."""
    overlapping = enabled() and fast_paths.columns_by_turns(kernel, stride)
    if overlapping and x.device.type == "cpu" and x.requires_grad and torch.is_grad_enabled():
        pooled: Tensor = Pool.apply(x, kernel, stride, padding)
        return pooled
    return F.max_pool2d(x, kernel, stride, padding)


class Pool(torch.autograd.Function):
    """Max pooling whose gradient is that of every other column of windows and that of the rest, added.

    A few images at a time: two scatters instead of one cost little where their results stay in the cache.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Size, stride: Size, padding: Size) -> Tensor:
        y, winners = F.max_pool2d(x, kernel, stride, padding, return_indices=True)
        ctx.save_for_backward(x, winners)
        ctx.window = kernel, stride, padding, (1, 1), False
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None, None, None]:
        x, winners = ctx.saved_tensors
        scatter = torch.ops.aten.max_pool2d_with_indices_backward
        if torch.is_grad_enabled():  # somebody differentiates once more
            return scatter(g, x, *ctx.window, winners), None, None, None
        dx = torch.empty_like(x)
        for x_i, winners_i, g_i, dx_i in _in_pieces(x, winners, g, dx):
            one, other = g_i.clone(), g_i.clone()
            one[..., 1::2] = 0
            other[..., ::2] = 0
            torch.add(*(scatter(part, x_i, *ctx.window, winners_i) for part in (one, other)), out=dx_i)
        return dx, None, None, None


def fused_sgd(rule: SGD, weight: Tensor, kept: Tensor, gradient: Tensor, rate: float, decay: float) -> bool:
    """The step of sgd in one pass over the memory; False if it is not taken.

    It is for weights that the cache cannot hold: it adds products without rounding them first, as no other
    framework does. It is not taken without momentum, and only float32 is worth it: 1 + rate is rounded.

    torch's rule is v <- m v + (1 - dampening) G; w <- w - lr v, with G = g + decay w. It is `rate: outside`
    without a dampening. With one of 1 + rate and a learning rate of -1 it is v <- m v - rate G; w <- w + v,
    but Nesterov's step, w <- w - lr (G + m v), would lack the rate.
    """
    fused = getattr(torch, "_fused_sgd_", None)
    inside = rule.rate == "inside"
    large = weight.numel() * weight.element_size() > PIECE
    known = weight.device.type == "cpu" and weight.dtype == torch.float32
    if fused is None or not (large and known and rule.momentum and enabled()) or (inside and rule.nesterov):
        return False
    fused(
        [weight],
        [gradient],
        [kept],
        weight_decay=decay,
        momentum=rule.momentum,
        lr=-1.0 if inside else rate,
        dampening=1.0 + rate if inside else 0.0,
        nesterov=rule.nesterov,
        maximize=False,
        is_first_step=False,
    )
    return True
