"""Normalizations in TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.layer_norm import LayerNorm
from specnet.layers.lrn import LRN
from specnet.layers.scale import Scale
from specnet.layers.window import Pads
from specnet.plans.operations import Compute
from specnet_tensorflow import fast
from specnet_tensorflow.layers.base import Tensor, Weights, layer, padded, with_bias


@layer("lrn")
def lrn(op: Compute[LRN], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    """The sum over neighbouring maps is a 1x1 convolution of the squares with a band of ones.

    TensorFlow's own kernel has no float64.
    """
    settings, (x,) = op.layer, inputs
    if settings.region == "within":
        high, wide = settings.reach_within(op.input_shapes[0])
        sides = (2 * high + 1, 2 * wide + 1)
        squares = padded(x * x, Pads(high, high, wide, wide), 0.0)
        sums = tf.nn.avg_pool2d(squares, sides, 1, "VALID") * (sides[0] * sides[1])
        return x * tf.pow(settings.k + settings.scale() * sums, -settings.beta)
    channels = op.input_shapes[0][0]
    reach = min(settings.size // 2, channels - 1)  # TensorFlow refuses a band wider than the matrix
    band = tf.linalg.band_part(tf.ones([channels, channels], x.dtype), reach, reach)
    fused = fast.lrn(settings, x, band)
    if fused is not None:
        return fused
    sums = tf.nn.conv2d(x * x, band[None, None], 1, "VALID")
    return x * tf.pow(settings.k + settings.scale() * sums, -settings.beta)


@layer("batch_norm")
def batch_norm(
    op: Compute[BatchNorm], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    settings, (x,) = op.layer, inputs
    mean, var = weights["running_mean"], weights["running_var"]
    dtype, x = x.dtype, tf.cast(x, mean.dtype)
    if run.training:
        normal, batch_mean, batch_var = _normalized(settings, x, weights)
        for running, batch in ((mean, batch_mean), (var, batch_var)):
            running.assign(running + (1 - settings.momentum) * (tf.stop_gradient(batch) - running))
    else:
        normal = tf.nn.batch_normalization(
            x, mean, var, weights.get("bias"), weights.get("weight"), settings.epsilon
        )
    return tf.cast(normal, dtype)


def _normalized(settings: BatchNorm, x: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """A batch normalized by its own statistics, its means and its variances without Bessel's correction."""
    scale, shift = weights.get("weight"), weights.get("bias")
    fused = fast.batch_norm(settings, x, scale, shift)
    if fused is not None:
        return fused
    mean, var = tf.nn.moments(x, axes=list(range(len(x.shape) - 1)))
    normal = tf.nn.batch_normalization(x, mean, var, shift, scale, settings.epsilon)
    return normal, mean, var


@layer("layer_norm")
def layer_norm(
    op: Compute[LayerNorm], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    (x,) = inputs
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(centred * centred, axis=-1, keepdims=True)
    return _scaled(centred * tf.math.rsqrt(variance + op.layer.epsilon), weights)


@layer("scale")
def scale(op: Compute[Scale], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return _scaled(inputs[0], weights)


def _scaled(x: Tensor, weights: Weights) -> Tensor:
    """`x` times the weight and plus the bias of its channel, as far as there are such."""
    if "weight" in weights:
        x = x * weights["weight"]
    return with_bias(x, weights)
