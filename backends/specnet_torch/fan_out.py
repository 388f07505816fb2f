"""A value with several readers, whose gradients are added in one order on any number of devices.

PyTorch's backward pass has a thread for each device and adds what the readers of a value send back in the
order of arrival. Sums of floating-point numbers depend on the order, so three readers on three devices would
make another gradient every time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from specnet_torch.tracing import tracing


class _FanOut(torch.autograd.Function):
    """The value, `count` times. Its gradient is the sum of theirs, the last one's first.

    That is the order in which PyTorch adds them on one device.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(value: Tensor, count: int) -> tuple[Tensor, ...]:
        return tuple(value.detach() for _ in range(count))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None]:
        total: Tensor | None = None
        for gradient in reversed(gradients):
            if gradient is not None:
                total = gradient if total is None else total + gradient
        return total, None


def fan_out(value: Tensor, count: int) -> list[Tensor]:
    """The value once for each of its `count` readers, without a copy of its memory."""
    if count < 2 or tracing() or not (torch.is_grad_enabled() and value.requires_grad):
        return [value] * count
    copies: tuple[Tensor, ...] = _FanOut.apply(value, count)
    return list(copies)
