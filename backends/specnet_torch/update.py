"""The update rule in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from specnet.plan import role_of
from specnet.recipe import SGD


def update(
    rule: SGD,
    weights: Mapping[str, Tensor],
    velocities: Mapping[str, Tensor],
    gradients: Sequence[Tensor],
    learning_rate: float,
) -> None:
    """Change weights and velocities in place. `gradients` come in the order of `weights`."""
    with torch.no_grad():
        shorter = None if rule.clip_norm is None else _shorter(gradients, rule.clip_norm)
        for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
            if shorter is not None:
                gradient = gradient * shorter.to(gradient.device, gradient.dtype)
            role = role_of(name)
            rate, decay = rule.rate(role, learning_rate), rule.decay(role)
            _sgd(weight, velocities[name], gradient, rate, rule.momentum, decay)


def _shorter(gradients: Sequence[Tensor], longest: float) -> Tensor:
    """The factor that cuts all gradients, as one vector, to a norm of at most `longest`.

    The squares are summed in float64 where each gradient is, and then in order where the first one is.
    Nothing waits for a device.
    """
    first = gradients[0].device
    total = torch.zeros((), dtype=torch.float64, device=first)
    for gradient in gradients:
        total += torch.linalg.vector_norm(gradient, dtype=torch.float64).to(first).square()
    return longest / total.sqrt().clamp(min=longest)


def _sgd(
    weight: Tensor, velocity: Tensor, gradient: Tensor, rate: float, momentum: float, decay: float
) -> None:
    """v <- m v - lr (g + decay w); w <- w + v, in place."""
    velocity.mul_(momentum).add_(gradient, alpha=-rate)
    if decay:
        velocity.add_(weight, alpha=-rate * decay)
    weight.add_(velocity)
