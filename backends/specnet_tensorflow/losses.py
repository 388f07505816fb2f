"""The built-in losses in TensorFlow.

A function takes the loss, the values that it reads in the order of its `reads`, and the labels. It returns
the mean over the images. Values are float64 whatever the network computes in, since no two programs round an
exponential alike; images have their channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from specnet.backend.kinds import Kinds
from specnet.recipe.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy

Tensor = Any
LossFunction = Callable[[Any, Sequence[Tensor], Tensor], Tensor]

loss: Kinds[LossFunction] = Kinds("tensorflow", "loss")


@loss("softmax_cross_entropy")
def softmax_cross_entropy(rule: SoftmaxCrossEntropy, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, values[0]))


@loss("sigmoid_cross_entropy")
def sigmoid_cross_entropy(rule: SigmoidCrossEntropy, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    (logits,) = values
    right = tf.one_hot(labels, logits.shape[1], dtype=logits.dtype)
    entropies = tf.nn.sigmoid_cross_entropy_with_logits(right, logits)
    return tf.reduce_mean(tf.reduce_sum(entropies, axis=1))
