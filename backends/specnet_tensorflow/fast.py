"""Faster ways to the same numbers. `SPECNET_FAST_PATHS=0` takes the plain ones, for comparison.

What is chosen here follows from the type and size of the values, never from the spec. Each is held to the
same contract as the plain way.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from specnet.backend.fast_paths import columns_by_turns, enabled
from specnet.layers.base import Shape
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.conv import Convolution
from specnet.layers.lrn import LRN
from specnet.layers.window import Pads
from specnet.recipe.optimizers import SGD

Tensor = Any


def convolution_padding(
    layer: Convolution, pads: Pads, x: Tensor, shape: Shape
) -> tuple[Tensor, str | list[list[int]]]:
    """The images and the padding that TensorFlow's convolution is called with.

    The gradients of a convolution with explicit padding are slow on a CPU. Where it is TensorFlow's own rule
    it goes by that name; otherwise the images are padded first.
    """
    around = [[0, 0], [pads.top, pads.bottom], [pads.left, pads.right], [0, 0]]
    if not enabled():
        return x, around
    if not any(pads):
        return x, "VALID"
    if layer.model_copy(update={"padding": "same", "rounding": "floor"}).window(shape)[0] == pads:
        return x, "SAME"
    return tf.pad(x, around), "VALID"


def max_pool(x: Tensor, kernel: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Max pooling; where windows overlap, with a gradient that every backend sums alike."""
    if not enabled() or not columns_by_turns(kernel, stride):
        return tf.nn.max_pool2d(x, kernel, stride, "VALID")
    window = {"ksize": [1, *kernel, 1], "strides": [1, *stride, 1], "padding": "VALID"}

    @tf.custom_gradient
    def pool(x: Tensor) -> tuple[Tensor, Any]:
        y = tf.nn.max_pool2d(x, kernel, stride, "VALID")

        def backward(g: Tensor) -> Tensor:
            turn = (tf.range(y.shape[2]) % 2 == 0)[:, None]
            zero = tf.zeros([], g.dtype)
            one, other = (
                tf.raw_ops.MaxPoolGrad(orig_input=x, orig_output=y, grad=part, **window)
                for part in (tf.where(turn, g, zero), tf.where(turn, zero, g))
            )
            return one + other

        return y, backward

    return pool(x)


def lrn(layer: LRN, x: Tensor, band: Tensor) -> Tensor | None:
    """Local response normalization with its gradient by hand: y = x s^-beta, s = k + scale * B(x^2).

    B, the sum over neighbouring channels, is a product with a symmetric band of ones. The gradient is
    g s^-beta - 2 scale beta x B(g x s^-(beta + 1)); TensorFlow's own kernel takes twice the time for it.
    None where the plain way is asked for.
    """
    if not enabled():
        return None
    channels = x.shape[-1]

    def spread(values: Tensor, weight: float) -> Tensor:
        return tf.matmul(tf.reshape(values, [-1, channels]), band * tf.constant(weight, x.dtype))

    @tf.custom_gradient
    def normalize(x: Tensor) -> tuple[Tensor, Any]:
        # A product and its bias are one kernel.
        k = tf.fill([channels], tf.constant(layer.k, x.dtype))
        sums = tf.nn.bias_add(spread(x * x, layer.scale()), k)
        s = tf.reshape(sums, tf.shape(x))

        def backward(g: Tensor) -> Tensor:
            direct = g * _power(s, layer.beta)
            spreading = spread(direct * x / s, -2 * layer.scale() * layer.beta)
            return direct + x * tf.reshape(spreading, tf.shape(x))

        return x * _power(s, layer.beta), backward

    return normalize(x)


def _power(s: Tensor, beta: float) -> Tensor:
    """s ** -beta; for the paper's 0.75 by square roots, which are faster.

    Square roots and quotients are rounded as IEEE 754 says, unlike powers and TensorFlow's own rsqrt, so that
    every backend finds the same.
    """
    if beta != 0.75:
        return tf.pow(s, -tf.constant(beta, s.dtype))
    root = _rsqrt(s)
    return root * _rsqrt(s * root)


def _rsqrt(s: Tensor) -> Tensor:
    """1 / sqrt(s), rounded after each. In a graph, TensorFlow makes approximations of 1 / x and x / sqrt(y),
    but not of this division."""
    return tf.math.divide_no_nan(tf.constant(1, s.dtype), tf.sqrt(s))


def batch_norm(
    layer: BatchNorm, x: Tensor, scale: Tensor | None, offset: Tensor | None
) -> tuple[Tensor, Tensor, Tensor] | None:
    """A normalized batch, its means and variances (channels,) by TensorFlow's own kernel; None if not taken.

    Without it statistics, normalization and gradient are one pass over the batch for each operation. It knows
    float32 and images only: vectors go as images of one pixel. Its variance has Bessel's correction, which is
    undone.
    """
    if not enabled() or x.dtype != tf.float32:
        return None
    channels = x.shape[-1]
    images = x if len(x.shape) == 4 else tf.reshape(x, [-1, 1, 1, channels])
    normal, mean, var, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images,
        scale=tf.ones([channels], x.dtype) if scale is None else scale,
        offset=tf.zeros([channels], x.dtype) if offset is None else offset,
        mean=[],
        variance=[],
        epsilon=layer.epsilon,
        exponential_avg_factor=1.0,
        is_training=True,
    )
    count = tf.cast(tf.size(x) // channels, x.dtype)
    return tf.reshape(normal, tf.shape(x)), mean, var * (count - 1) / count


def momentum(rule: SGD, weight: Tensor, kept: Tensor, gradient: Tensor, rate: Tensor) -> bool:
    """The step of sgd in one pass by TensorFlow's own kernel; False if it is not taken.

    Keras's kernel has the rate inside the velocity, TensorFlow's older one has it outside.
    """
    if not enabled():
        return False
    kernels = {"inside": tf.raw_ops.ResourceApplyKerasMomentum, "outside": tf.raw_ops.ResourceApplyMomentum}
    kernels[rule.rate](
        var=weight.handle,
        accum=kept.handle,
        lr=rate,
        grad=gradient,
        momentum=tf.constant(rule.momentum, gradient.dtype),
        use_locking=False,
        use_nesterov=rule.nesterov,
    )
    return True
