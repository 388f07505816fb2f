"""The built-in losses in TensorFlow.

A function takes the loss, the values that it reads in the order of its `reads`, and the labels: classes,
int64 (images,), or, where the loss allows soft labels, each class's share, float64 (images, classes). It
returns the mean over the images. Values are float64 whatever the network computes in, since no two programs
round an exponential alike; images have their channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from specnet.backend.kinds import Kinds
from specnet.recipe.losses import Loss, MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy, Sum

Tensor = Any
LossFunction = Callable[[Any, Sequence[Tensor], Tensor], Tensor]

loss: Kinds[LossFunction] = Kinds("tensorflow", "loss")


@loss("softmax_cross_entropy")
def softmax_cross_entropy(rule: SoftmaxCrossEntropy, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    (logits,) = values
    if not (rule.label_smoothing or labels.dtype.is_floating):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    spread = rule.label_smoothing / logits.shape[1]
    right = (1 - rule.label_smoothing) * shares(labels, logits) + spread
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(right, logits))


@loss("sigmoid_cross_entropy")
def sigmoid_cross_entropy(rule: SigmoidCrossEntropy, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    (logits,) = values
    entropies = tf.nn.sigmoid_cross_entropy_with_logits(shares(labels, logits), logits)
    return tf.reduce_mean(tf.reduce_sum(entropies, axis=1))


@loss("mean_squared_error")
def mean_squared_error(rule: MeanSquaredError, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    (outputs,) = values
    return tf.reduce_mean(tf.math.squared_difference(outputs, shares(labels, outputs)))


@loss("sum")
def added(rule: Sum, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    parts = [
        weight * loss.find(part.kind, "the loss")(part, own, labels)
        for part, weight, own in rule.dealt(values)
    ]
    return tf.add_n(parts)


def find(rule: Loss) -> LossFunction:
    """The function of a loss. Raises `UsageError` if there is none for it or for one that it adds up."""
    for part in rule.of if isinstance(rule, Sum) else ():
        loss.find(part.kind, "the loss")
    return loss.find(rule.kind, "the loss")


def shares(labels: Tensor, outputs: Tensor) -> Tensor:
    """Each class's share of each image, like `outputs` (images, classes)."""
    if labels.dtype.is_floating:
        return tf.cast(labels, outputs.dtype)
    return tf.one_hot(labels, outputs.shape[1], dtype=outputs.dtype)
