"""The built-in optimizers in TensorFlow, and what all of them share: clipping, and rates and decays by role.

A function changes one parameter and its slots in place, on their device. It takes the optimizer, the
parameter and the slots by name as variables, the gradient, the rate of the parameter's role as a tensor of
the parameter's type, and its weight decay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from specnet.backend.kinds import Kinds
from specnet.plans.operations import role_of
from specnet.recipe.optimizers import SGD, Adagrad, Optimizer
from specnet_tensorflow import fast

Tensor = Any
Tensors = Mapping[str, Tensor]
OptimizerFunction = Callable[[Any, Tensor, Tensors, Tensor, Tensor, float], None]

optimizer: Kinds[OptimizerFunction] = Kinds("tensorflow", "optimizer")


def update(
    rule: Optimizer,
    weights: Tensors,
    slots: Mapping[str, Tensors],
    gradients: Tensors,
    rates: Tensors,
    devices: Mapping[str, str],
) -> None:
    """Change weights and slots in place, each on its device. `rates` are by role, all else by name."""
    function = optimizer.find(rule.kind, "the update rule")
    if rule.clip_norm is not None:
        gradients = _clipped(gradients, rule.clip_norm, devices)
    for name, gradient in gradients.items():
        role = role_of(name)
        own = {slot: tensors[name] for slot, tensors in slots.items()}
        with tf.device(devices[name]):
            function(rule, weights[name], own, gradient, tf.identity(rates[role]), rule.decay(role))


def _clipped(gradients: Tensors, longest: float, devices: Mapping[str, str]) -> Tensors:
    """All gradients, as one vector, cut to a norm of at most `longest`.

    The squares are summed in float64 where each gradient is, and then in order where the first one is.
    """
    squares: list[Tensor] = []
    for name, gradient in gradients.items():
        with tf.device(devices[name]):
            squares.append(tf.reduce_sum(tf.square(tf.cast(gradient, tf.float64))))
    with tf.device(devices[next(iter(gradients))]):
        total = tf.zeros([], tf.float64)
        for square in squares:
            total += tf.identity(square)
        shorter = longest / tf.maximum(tf.sqrt(total), longest)
    clipped: dict[str, Tensor] = {}
    for name, gradient in gradients.items():
        with tf.device(devices[name]):
            clipped[name] = gradient * tf.cast(tf.identity(shorter), gradient.dtype)
    return clipped


@optimizer("sgd")
def sgd(rule: SGD, weight: Tensor, slots: Tensors, gradient: Tensor, rate: Tensor, decay: float) -> None:
    """v <- m v - rate (g + decay w); w <- w + v."""
    velocity = slots["velocity"]
    if decay:
        gradient = gradient + decay * weight
    if fast.momentum(weight, velocity, gradient, rate, rule.momentum):
        return
    velocity.assign(rule.momentum * velocity - rate * gradient)
    weight.assign_add(velocity)


@optimizer("adagrad")
def adagrad(
    rule: Adagrad, weight: Tensor, slots: Tensors, gradient: Tensor, rate: Tensor, decay: float
) -> None:
    """s <- s + g^2; w <- w - rate g / (sqrt(s) + epsilon), with g = gradient + decay w."""
    if decay:
        gradient = gradient + decay * weight
    squares = slots["squares"].assign_add(gradient * gradient)
    weight.assign_sub(rate * gradient / (tf.sqrt(squares) + rule.epsilon))
