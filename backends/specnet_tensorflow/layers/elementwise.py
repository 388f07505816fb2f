"""What is done to each value by itself in TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.layers.activation import Activation
from specnet.layers.dropout import Dropout
from specnet.layers.stochastic_depth import StochasticDepth
from specnet.plans.operations import Compute
from specnet_tensorflow import activations
from specnet_tensorflow.layers.base import Tensor, Weights, layer


@layer("dropout")
def dropout(op: Compute[Dropout], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    stay = 1 - settings.rate
    if not run.training:
        return x * stay if settings.scale_at == "test" else tf.identity(x)
    if run.keep is None:
        dropped = tf.nn.dropout(x, settings.rate)
        return dropped * stay if settings.scale_at == "test" else dropped
    kept = x * tf.cast(run.keep, x.dtype)
    return kept if settings.scale_at == "test" else kept / stay


@layer("stochastic_depth")
def stochastic_depth(
    op: Compute[StochasticDepth], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    settings, (x,) = op.layer, inputs
    if not run.training:
        return tf.identity(x)
    if run.keep is None:
        one = [tf.shape(x)[0], *[1] * len(op.output_shape)]
        return x * tf.nn.dropout(tf.ones(one, x.dtype), settings.rate)
    return x * tf.cast(run.keep, x.dtype) / (1 - settings.rate)


@layer("activation")
def activation(
    op: Compute[Activation], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    return activations.find(op, op.layer.function)(inputs[0])


@layer("add")
def add(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    total = tf.identity(inputs[0])
    for other in inputs[1:]:
        total = total + other
    return total


@layer("multiply")
def multiply(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    rank = len(op.output_shape)
    product = tf.identity(_wide(inputs[0], rank))
    for other in inputs[1:]:
        product = product * _wide(other, rank)
    return product


def _wide(x: Tensor, rank: int) -> Tensor:
    """Units as an image of one pixel, where images are multiplied."""
    lacking = 1 + rank - len(x.shape)
    return tf.reshape(x, [-1, *[1] * lacking, x.shape[-1]]) if lacking else x
