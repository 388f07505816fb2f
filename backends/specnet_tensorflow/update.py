"""The update rule in TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from specnet.plans.operations import role_of
from specnet.recipe.optimizers import SGD, Optimizer
from specnet_tensorflow import fast
from specnet_tensorflow.registry import Tensor

Tensors = Mapping[str, Tensor]


def update(
    rule: Optimizer,
    weights: Tensors,
    velocities: Tensors,
    gradients: Tensors,
    rates: Tensors,
    devices: Mapping[str, str],
) -> None:
    """Change weights and velocities in place, each on its device. `rates` are by role, all else by name."""
    assert isinstance(rule, SGD)
    if rule.clip_norm is not None:
        gradients = _clipped(gradients, rule.clip_norm, devices)
    for name, gradient in gradients.items():
        role = role_of(name)
        with tf.device(devices[name]):
            rate = tf.identity(rates[role])
            _sgd(weights[name], velocities[name], gradient, rate, rule.momentum, rule.decay(role))


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


def _sgd(
    weight: Tensor, velocity: Tensor, gradient: Tensor, rate: Tensor, momentum: float, decay: float
) -> None:
    """v <- m v - lr (g + decay w); w <- w + v, in place."""
    if decay:
        gradient = gradient + decay * weight
    if fast.momentum(weight, velocity, gradient, rate, momentum):
        return
    velocity.assign(momentum * velocity - rate * gradient)
    weight.assign_add(velocity)
