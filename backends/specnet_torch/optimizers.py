"""The built-in optimizers in PyTorch, and what all of them share: clipping, and a rate and a decay for each
parameter.

A function changes one parameter and its slots in place. It takes the optimizer, the parameter, the slots by
name, the gradient, and the rate and the weight decay of the parameter. Every product is rounded before it is
added, as in TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from specnet.backend.kinds import Kinds
from specnet.plans.plan import Plan
from specnet.recipe.adaptive_optimizers import Adagrad, Adam, AdamW, RMSprop
from specnet.recipe.optimizers import SGD
from specnet_torch import fast

Tensors = Mapping[str, Tensor]
Move = Callable[[Tensor, str, str], Tensor]
"""Brings a value of one group to another one."""
OptimizerFunction = Callable[[Any, Tensor, Tensors, Tensor, float, float], None]

optimizer: Kinds[OptimizerFunction] = Kinds("torch", "optimizer")


def update(
    plan: Plan,
    weights: Tensors,
    slots: Mapping[str, Tensors],
    gradients: Tensors,
    rates: Mapping[str, float],
    move: Move,
) -> None:
    """Change weights and slots in place. `rates` are the learning rates of the step."""
    rule = plan.optimizer
    assert rule is not None
    function = optimizer.find(rule.kind, "the update rule")
    groups = {parameter.name: parameter.group for parameter in plan.parameters if parameter.trained}
    with torch.no_grad():
        if rule.clip_norm is not None:
            shorter = _shorter(gradients, rule.clip_norm, groups, move)
            gradients = {n: g * shorter[groups[n]].to(g.dtype) for n, g in gradients.items()}
        for name, weight in weights.items():
            own = {slot: tensors[name] for slot, tensors in slots.items()}
            settings = plan.settings[name]
            function(rule, weight, own, gradients[name], rates[name], settings.weight_decay)
            if settings.max_norm is not None:
                _shorten(weight, settings.max_norm)


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


def _shorten(weight: Tensor, longest: float) -> None:
    """Cut the weights of each unit, those with one first index, to a norm of at most `longest`, measured in
    float64."""
    others = tuple(range(1, weight.ndim))
    norms = torch.linalg.vector_norm(weight, dim=others, keepdim=True, dtype=torch.float64)
    weight.mul_((longest / norms.clamp_(min=longest)).to(weight.dtype))


@optimizer("sgd")
def sgd(rule: SGD, weight: Tensor, slots: Tensors, gradient: Tensor, rate: float, decay: float) -> None:
    """v <- m v - rate G; w <- w + v, or v <- m v + G; w <- w - rate v, with G = g + decay w."""
    kept = slots[rule.kept[0]]
    if fast.fused_sgd(rule, weight, kept, gradient, rate, decay):
        return
    if rule.rate == "inside":
        change = (weight * decay).add_(gradient).mul_(rate) if decay else gradient * rate
        kept.mul_(rule.momentum).sub_(change)
        weight.add_((kept * rule.momentum).sub_(change) if rule.nesterov else kept)
        return
    gradient = _with_decay(gradient, weight, decay)
    kept.mul_(rule.momentum).add_(gradient)
    weight.sub_((kept * rule.momentum).add_(gradient).mul_(rate) if rule.nesterov else kept * rate)


@optimizer("adagrad")
def adagrad(
    rule: Adagrad, weight: Tensor, slots: Tensors, gradient: Tensor, rate: float, decay: float
) -> None:
    """s <- s + G^2; w <- w - rate G / (sqrt(s) + epsilon), with G = g + decay w."""
    gradient = _with_decay(gradient, weight, decay)
    squares = slots["squares"].add_(gradient * gradient)
    weight.sub_((gradient * rate).div_(squares.sqrt().add_(rule.epsilon)))


@optimizer("rmsprop")
def rmsprop(
    rule: RMSprop, weight: Tensor, slots: Tensors, gradient: Tensor, rate: float, decay: float
) -> None:
    """s <- rho s + (1 - rho) G^2; w <- w - rate G / (sqrt(s) + epsilon), with G = g + decay w."""
    gradient = _with_decay(gradient, weight, decay)
    spread = _average(slots["squares"], gradient * gradient, rule.rho)
    if rule.centered:
        means = _average(slots["means"], gradient, rule.rho)
        spread = (spread - means * means).clamp_(min=0)  # what rounding has left of 0 may have any sign
    step = gradient / spread.sqrt().add_(rule.epsilon)
    if rule.momentum:
        step = slots["velocity"].mul_(rule.momentum).add_(step)
    weight.sub_(step * rate)


@optimizer("adam")
def adam(
    rule: Adam | AdamW, weight: Tensor, slots: Tensors, gradient: Tensor, rate: float, decay: float
) -> None:
    """m <- b1 m + (1 - b1) G; s <- b2 s + (1 - b2) G^2; w <- w - rate M / (sqrt(S) + epsilon), with G = g +
    decay w, M = m / (1 - b1^t) and S = s / (1 - b2^t)."""
    gradient = _with_decay(gradient, weight, decay)
    steps = slots["steps"].add_(1)
    means = _average(slots["means"], gradient, rule.beta1)
    squares = _average(slots["squares"], gradient * gradient, rule.beta2)
    if rule.amsgrad:
        squares = torch.maximum(slots["largest"], squares, out=slots["largest"])
    of_squares = (1 - rule.beta2**steps).sqrt().to(weight.dtype)
    of_means = (rate / (1 - rule.beta1**steps)).to(weight.dtype)
    weight.sub_((means * of_means).div_((squares.sqrt() / of_squares).add_(rule.epsilon)))


@optimizer("adamw")
def adamw(rule: AdamW, weight: Tensor, slots: Tensors, gradient: Tensor, rate: float, decay: float) -> None:
    """w <- w - rate decay w, and then adam's step with the gradient alone."""
    if decay:
        weight.sub_(weight * (rate * decay))
    adam(rule, weight, slots, gradient, rate, 0.0)


def _with_decay(gradient: Tensor, weight: Tensor, decay: float) -> Tensor:
    return (weight * decay).add_(gradient) if decay else gradient


def _average(kept: Tensor, values: Tensor, share: float) -> Tensor:
    """A running mean of which `share` stays, changed in place."""
    return kept.mul_(share).add_(values * (1 - share))
