"""The update rule in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from specnet.plans.operations import role_of
from specnet.recipe.optimizers import SGD, Optimizer
from specnet_torch import fast

Tensors = Mapping[str, Tensor]
Move = Callable[[Tensor, str, str], Tensor]
"""Brings a value of one group to another one."""


def update(
    rule: Optimizer,
    weights: Tensors,
    velocities: Tensors,
    gradients: Tensors,
    learning_rate: float,
    groups: Mapping[str, str],
    move: Move,
) -> None:
    """Change weights and velocities in place. `groups` says where each parameter lives."""
    assert isinstance(rule, SGD)
    with torch.no_grad():
        shorter = None if rule.clip_norm is None else _shorter(gradients, rule.clip_norm, groups, move)
        if shorter is not None:
            gradients = {n: g * shorter[groups[n]].to(g.dtype) for n, g in gradients.items()}
        for role in dict.fromkeys(map(role_of, weights)):
            names = [name for name in weights if role_of(name) == role]
            numbers = rule.rate(role, learning_rate), rule.momentum, rule.decay(role)
            for name in names:
                tensors = weights[name], velocities[name], gradients[name]
                if not fast.fused_sgd(*tensors, *numbers):
                    _sgd(*tensors, *numbers)


def _shorter(gradients: Tensors, longest: float, groups: Mapping[str, str], move: Move) -> dict[str, Tensor]:
    """The factor that cuts all gradients, as one vector, to a norm of at most `longest`, on each group.

    The squares are summed in float64 where each gradient is, and then in order where the first one is.
    Nothing waits for a device.
    """
    first = groups[next(iter(gradients))]
    squares = {n: torch.linalg.vector_norm(g, dtype=torch.float64).square() for n, g in gradients.items()}
    here = [s if groups[name] == first else move(s, groups[name], first) for name, s in squares.items()]
    factor = longest / sum(here, start=torch.zeros_like(here[0])).sqrt().clamp(min=longest)
    there = {group: move(factor, first, group) for group in set(groups.values()) - {first}}
    return {first: factor, **there}


def _sgd(
    weight: Tensor, velocity: Tensor, gradient: Tensor, rate: float, momentum: float, decay: float
) -> None:
    """v <- m v - lr (g + decay w); w <- w + v, in place.

    Every product is rounded before it is added, as in TensorFlow: `alpha` would round once.
    """
    change = (weight * decay).add_(gradient).mul_(rate) if decay else gradient * rate
    velocity.mul_(momentum).sub_(change)
    weight.add_(velocity)
