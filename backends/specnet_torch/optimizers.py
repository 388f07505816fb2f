"""The built-in optimizers in PyTorch, and what all of them share: clipping, and rates and decays by role.

A function changes one parameter and its slots in place. It takes the optimizer, the parameter, the slots by
name, the gradient, and the rate and the weight decay of the parameter's role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from specnet.backend.kinds import Kinds
from specnet.plans.operations import role_of
from specnet.recipe.optimizers import SGD, Adagrad, Optimizer
from specnet_torch import fast

Tensors = Mapping[str, Tensor]
Move = Callable[[Tensor, str, str], Tensor]
"""Brings a value of one group to another one."""
OptimizerFunction = Callable[[Any, Tensor, Tensors, Tensor, float, float], None]

optimizer: Kinds[OptimizerFunction] = Kinds("torch", "optimizer")


def update(
    rule: Optimizer,
    weights: Tensors,
    slots: Mapping[str, Tensors],
    gradients: Tensors,
    learning_rate: float,
    groups: Mapping[str, str],
    move: Move,
) -> None:
    """Change weights and slots in place. `groups` says where each parameter lives."""
    function = optimizer.find(rule.kind, "the update rule")
    with torch.no_grad():
        shorter = None if rule.clip_norm is None else _shorter(gradients, rule.clip_norm, groups, move)
        if shorter is not None:
            gradients = {n: g * shorter[groups[n]].to(g.dtype) for n, g in gradients.items()}
        for name, weight in weights.items():
            role = role_of(name)
            own = {slot: tensors[name] for slot, tensors in slots.items()}
            function(rule, weight, own, gradients[name], rule.rate(role, learning_rate), rule.decay(role))


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


@optimizer("sgd")
def sgd(rule: SGD, weight: Tensor, slots: Tensors, gradient: Tensor, rate: float, decay: float) -> None:
    """v <- m v - rate (g + decay w); w <- w + v.

    Every product is rounded before it is added, as in TensorFlow: `alpha` would round once.
    """
    velocity = slots["velocity"]
    if fast.fused_sgd(weight, velocity, gradient, rate, rule.momentum, decay):
        return
    change = (weight * decay).add_(gradient).mul_(rate) if decay else gradient * rate
    velocity.mul_(rule.momentum).sub_(change)
    weight.add_(velocity)


@optimizer("adagrad")
def adagrad(
    rule: Adagrad, weight: Tensor, slots: Tensors, gradient: Tensor, rate: float, decay: float
) -> None:
    """s <- s + g^2; w <- w - rate g / (sqrt(s) + epsilon), with g = gradient + decay w."""
    if decay:
        gradient = (weight * decay).add_(gradient)
    squares = slots["squares"].add_(gradient * gradient)
    weight.sub_((gradient * rate).div_(squares.sqrt().add_(rule.epsilon)))
