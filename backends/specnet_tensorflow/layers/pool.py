"""Pooling in TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.layers.pool import AvgPool, GlobalAvgPool, MaxPool
from specnet.layers.window import Pads
from specnet.plans.operations import Compute
from specnet_tensorflow import fast
from specnet_tensorflow.layers.base import Tensor, Weights, layer, padded


@layer("max_pool")
def max_pool(op: Compute[MaxPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings = op.layer
    pads = settings.window(op.input_shapes[0])[0]
    return fast.max_pool(padded(inputs[0], pads, float("-inf")), settings.kernel, settings.stride)


@layer("avg_pool")
def avg_pool(op: Compute[AvgPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    mean = tf.nn.avg_pool2d(padded(x, pads, 0.0), settings.kernel, settings.stride, "VALID")
    counted = settings.counted_padding(op.input_shapes[0])
    if counted == pads:
        return mean
    pixels = padded(tf.ones([1, *op.input_shapes[0][1:], 1], x.dtype), counted, 1.0)
    pixels = padded(pixels, Pads(*map(int.__sub__, pads, counted)), 0.0)
    return mean / tf.nn.avg_pool2d(pixels, settings.kernel, settings.stride, "VALID")


@layer("global_avg_pool")
def global_avg_pool(
    op: Compute[GlobalAvgPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    return tf.reduce_mean(inputs[0], axis=[1, 2], keepdims=op.layer.keep_dims)
