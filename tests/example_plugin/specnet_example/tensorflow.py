"""The plugin's kinds in TensorFlow, where channels come last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from specnet.plans.operations import Compute
from specnet_example.layer import ChannelScale
from specnet_example.loss import Brier
from specnet_example.optimizer import Counted
from specnet_tensorflow import Run, activation, layer, loss, optimizer


@layer("channel_scale")
def channel_scale(
    op: Compute[ChannelScale], inputs: Sequence[Any], weights: Mapping[str, Any], run: Run[Any]
) -> Any:
    return inputs[0] * weights["weight"]


@activation("softsign")
def softsign(x: Any) -> Any:
    return x / (1 + tf.abs(x))


@loss("brier")
def brier(rule: Brier, values: Sequence[Any], labels: Any) -> Any:
    probabilities = tf.nn.softmax(values[0])
    hot = tf.one_hot(labels, probabilities.shape[1], dtype=probabilities.dtype)
    mean = tf.reduce_mean(tf.reduce_sum(tf.square(probabilities - hot), axis=1))
    return mean + rule.penalty * tf.reduce_mean(tf.reduce_sum(tf.square(values[1]), axis=1))


@optimizer("adagrad_steps")
def adagrad_steps(
    rule: Counted, weight: Any, slots: Mapping[str, Any], gradient: Any, rate: Any, decay: float
) -> None:
    gradient = gradient + decay * weight
    steps = slots["steps"].assign_add(1.0)
    squares = slots["squares"].assign_add(gradient * gradient)
    mean = squares / tf.cast(steps, gradient.dtype)
    weight.assign_sub(rate * gradient / (tf.sqrt(mean) + rule.epsilon))
