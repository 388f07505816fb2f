"""Faster ways to the same numbers. `SPECNET_FAST_PATHS=0` takes the plain ones, for comparison.

What is chosen here follows from the type and size of the values, never from the spec. Each is held to the
same contract as the plain way.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from specnet.fast_paths import enabled
from specnet.layers.base import Shape
from specnet.layers.conv import Conv
from specnet.layers.lrn import LRN
from specnet.layers.window import Pads
from specnet_tensorflow.registry import Tensor


def convolution_padding(
    layer: Conv, pads: Pads, x: Tensor, shape: Shape
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


def lrn(layer: LRN, x: Tensor, band: Tensor) -> Tensor | None:
    """Local response normalization with its gradient by hand: y = x s^-beta, s = k + scale * B(x^2).

    B, the sum over neighbouring channels, is a product with a symmetric band of ones. The gradient is
    g s^-beta - 2 scale beta x B(g x s^-(beta + 1)); TensorFlow's own kernel takes twice the time for it.
    None where the plain way is asked for.
    """
    if not enabled():
        return None
    k, scale, beta = (tf.constant(value, x.dtype) for value in (layer.k, layer.scale(), layer.beta))

    def spread(values: Tensor) -> Tensor:
        rows = tf.matmul(tf.reshape(values, [-1, values.shape[-1]]), band)
        return tf.reshape(rows, tf.shape(values))

    @tf.custom_gradient
    def normalize(x: Tensor) -> tuple[Tensor, Any]:
        s = k + scale * spread(x * x)

        def backward(g: Tensor) -> Tensor:
            direct = g * _power(s, layer.beta)
            return direct - (2 * scale * beta) * x * spread(direct * x / s)

        return x * _power(s, layer.beta), backward

    return normalize(x)


def _power(s: Tensor, beta: float) -> Tensor:
    """s ** -beta; for the paper's 0.75 by square roots, which are faster."""
    if beta != 0.75:
        return tf.pow(s, -tf.constant(beta, s.dtype))
    root = tf.math.rsqrt(s)
    return root * tf.sqrt(root)


def momentum(weight: Tensor, velocity: Tensor, gradient: Tensor, rate: Tensor, share: float) -> bool:
    """v <- share v - rate g; w <- w + v in one pass by TensorFlow's own kernel; False if it is not taken."""
    if not enabled():
        return False
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=weight.handle,
        accum=velocity.handle,
        lr=rate,
        grad=gradient,
        momentum=tf.constant(share, gradient.dtype),
        use_locking=False,
        use_nesterov=False,
    )
    return True
