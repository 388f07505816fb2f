"""The built-in optimizers in TensorFlow, and what all of them share: clipping, and a rate and a decay for
each parameter.

A function changes one parameter and its slots in place, on their device. It takes the optimizer, the
parameter and the slots by name as variables, the gradient, the rate of the parameter as a tensor of its type,
and its weight decay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from specnet.backend.kinds import Kinds
from specnet.plans.plan import Plan
from specnet.recipe.adaptive_optimizers import Adagrad, Adam, AdamW, RMSprop
from specnet.recipe.optimizers import SGD
from specnet_tensorflow import fast

Tensor = Any
Tensors = Mapping[str, Tensor]
OptimizerFunction = Callable[[Any, Tensor, Tensors, Tensor, Tensor, float], None]

optimizer: Kinds[OptimizerFunction] = Kinds("tensorflow", "optimizer")


def update(
    plan: Plan,
    weights: Tensors,
    slots: Mapping[str, Tensors],
    gradients: Tensors,
    rates: Mapping[float, Tensor],
    devices: Mapping[str, str],
    units: Mapping[str, int],
) -> None:
    """Change weights and slots in place, each on its device.

    `rates` are the learning rates of the step by those that the schedules start from, all else is by name.
    `units` has the axis along which each weight's units lie, where their weights have a longest norm.
    """
    rule = plan.optimizer
    assert rule is not None
    function = optimizer.find(rule.kind, "the update rule")
    if rule.clip_norm is not None:
        gradients = _clipped(gradients, rule.clip_norm, devices)
    for name, gradient in gradients.items():
        settings = plan.settings[name]
        own = {slot: tensors[name] for slot, tensors in slots.items()}
        with tf.device(devices[name]):
            rate = tf.identity(rates[settings.learning_rate])
            function(rule, weights[name], own, gradient, rate, settings.weight_decay)
            if settings.max_norm is not None:
                _shorten(weights[name], settings.max_norm, units[name])


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


def _shorten(weight: Tensor, longest: float, axis: int) -> None:
    """Cut the weights of each unit, those with one index along an axis, to a norm of at most `longest`,
    measured in float64."""
    others = [other for other in range(len(weight.shape)) if other != axis]
    squares = tf.square(tf.cast(weight, tf.float64))
    norms = tf.sqrt(tf.reduce_sum(squares, others, keepdims=True))
    weight.assign(weight * tf.cast(longest / tf.maximum(norms, longest), weight.dtype))


@optimizer("sgd")
def sgd(rule: SGD, weight: Tensor, slots: Tensors, gradient: Tensor, rate: Tensor, decay: float) -> None:
    """v <- m v - rate G; w <- w + v, or v <- m v + G; w <- w - rate v, with G = g + decay w."""
    kept = slots[rule.kept[0]]
    gradient = _with_decay(gradient, weight, decay)
    if fast.momentum(rule, weight, kept, gradient, rate):
        return
    if rule.rate == "inside":
        change = rate * gradient
        velocity = kept.assign(rule.momentum * kept - change)
        weight.assign_add(rule.momentum * velocity - change if rule.nesterov else velocity)
        return
    velocity = kept.assign(rule.momentum * kept + gradient)
    weight.assign_sub(rate * (rule.momentum * velocity + gradient if rule.nesterov else velocity))


@optimizer("adagrad")
def adagrad(
    rule: Adagrad, weight: Tensor, slots: Tensors, gradient: Tensor, rate: Tensor, decay: float
) -> None:
    """s <- s + G^2; w <- w - rate G / (sqrt(s) + epsilon), with G = g + decay w."""
    gradient = _with_decay(gradient, weight, decay)
    squares = slots["squares"].assign_add(gradient * gradient)
    weight.assign_sub(rate * gradient / (tf.sqrt(squares) + rule.epsilon))


@optimizer("rmsprop")
def rmsprop(
    rule: RMSprop, weight: Tensor, slots: Tensors, gradient: Tensor, rate: Tensor, decay: float
) -> None:
    """s <- rho s + (1 - rho) G^2; w <- w - rate G / (sqrt(s) + epsilon), with G = g + decay w."""
    gradient = _with_decay(gradient, weight, decay)
    spread = _average(slots["squares"], gradient * gradient, rule.rho)
    if rule.centered:
        means = _average(slots["means"], gradient, rule.rho)
        spread = tf.nn.relu(spread - means * means)  # what rounding has left of 0 may have any sign
    step = gradient / (tf.sqrt(spread) + rule.epsilon)
    if rule.momentum:
        step = slots["velocity"].assign(rule.momentum * slots["velocity"] + step)
    weight.assign_sub(rate * step)


@optimizer("adam")
def adam(
    rule: Adam | AdamW, weight: Tensor, slots: Tensors, gradient: Tensor, rate: Tensor, decay: float
) -> None:
    """m <- b1 m + (1 - b1) G; s <- b2 s + (1 - b2) G^2; w <- w - rate M / (sqrt(S) + epsilon), with G = g +
    decay w, M = m / (1 - b1^t) and S = s / (1 - b2^t)."""
    gradient = _with_decay(gradient, weight, decay)
    steps = slots["steps"].assign_add(tf.ones([], tf.float64))
    means = _average(slots["means"], gradient, rule.beta1)
    squares = _average(slots["squares"], gradient * gradient, rule.beta2)
    if rule.amsgrad:
        squares = slots["largest"].assign(tf.maximum(slots["largest"], squares))
    of_squares = tf.cast(tf.sqrt(1 - tf.pow(_double(rule.beta2), steps)), gradient.dtype)
    of_means = tf.cast(tf.cast(rate, tf.float64) / (1 - tf.pow(_double(rule.beta1), steps)), gradient.dtype)
    weight.assign_sub(means * of_means / (tf.sqrt(squares) / of_squares + rule.epsilon))


@optimizer("adamw")
def adamw(rule: AdamW, weight: Tensor, slots: Tensors, gradient: Tensor, rate: Tensor, decay: float) -> None:
    """w <- w - rate decay w, and then adam's step with the gradient alone."""
    if decay:
        weight.assign_sub(weight * (rate * decay))
    adam(rule, weight, slots, gradient, rate, 0.0)


def _with_decay(gradient: Tensor, weight: Tensor, decay: float) -> Tensor:
    return gradient + decay * weight if decay else gradient


def _average(kept: Tensor, values: Tensor, share: float) -> Tensor:
    """A running mean of which `share` stays, changed in place."""
    return kept.assign(share * kept + (1 - share) * values)


def _double(number: float) -> Tensor:
    return tf.constant(number, tf.float64)
