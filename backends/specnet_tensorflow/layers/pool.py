"""Pooling in TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.layers.maxout import Maxout
from specnet.layers.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
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


@layer("global_max_pool")
def global_max_pool(
    op: Compute[GlobalMaxPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    channels, *window = op.input_shapes[0]
    largest = _first_largest(tf.reshape(inputs[0], [-1, math.prod(window), channels]), axis=1)
    return largest[:, None, None] if op.layer.keep_dims else largest


@layer("maxout")
def maxout(op: Compute[Maxout], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    channels, *window = op.input_shapes[0]
    pieces = op.layer.pieces
    return _first_largest(tf.reshape(inputs[0], [-1, *window, channels // pieces, pieces]), axis=-1)


def _first_largest(x: Tensor, axis: int) -> Tensor:
    """The largest values along an axis, of which the first one takes the gradient.

    TensorFlow shares the gradient of its own maximum out among equal values.
    """

    @tf.custom_gradient
    def largest(x: Tensor) -> tuple[Tensor, Any]:
        y = tf.reduce_max(x, axis, keepdims=True)

        def backward(g: Tensor) -> Tensor:
            # Places are float64: GPUs have no kernels for whole numbers.
            count = x.shape[axis]
            along = [-1 if size == axis % len(x.shape) else 1 for size in range(len(x.shape))]
            places = tf.reshape(tf.range(count, dtype=tf.float64), along)
            there = tf.where(x == y, places, tf.constant(count, tf.float64))
            first = places == tf.reduce_min(there, axis, keepdims=True)
            return tf.where(first, tf.expand_dims(g, axis), tf.zeros([], g.dtype))

        return tf.squeeze(y, axis), backward

    found: Tensor = largest(x)
    return found
