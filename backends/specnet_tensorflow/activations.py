"""The built-in activation functions in TensorFlow. Channels, or units, come last."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from specnet.backend.kinds import Kinds
from specnet.layers.functions import ActivationFunction
from specnet.layers.rectifiers import GELU_CUBIC, GELU_FACTOR
from specnet.plans.operations import Compute

Tensor = Any
Function = Callable[..., Tensor]
"""From a value, and the numbers of the activation function by name, to a value of the same shape."""

activation: Kinds[Function] = Kinds("tensorflow", "activation")


def find(op: Compute, function: ActivationFunction) -> Callable[[Tensor], Tensor]:
    """The function for a layer. Raises `UsageError`, naming the layer, if it is unknown."""
    return activation.with_options(function.kind, function.options, f"layer '{op.name}'")


@activation("relu")
def relu(x: Tensor) -> Tensor:
    return tf.nn.relu(x)


@activation("tanh")
def tanh(x: Tensor) -> Tensor:
    return tf.tanh(x)


@activation("sigmoid")
def sigmoid(x: Tensor) -> Tensor:
    return tf.sigmoid(x)


@activation("elu")
def elu(x: Tensor, alpha: float) -> Tensor:
    return tf.nn.elu(x) if alpha == 1 else tf.where(x > 0, x, alpha * tf.math.expm1(tf.minimum(x, 0)))


@activation("relu6")
def relu6(x: Tensor) -> Tensor:
    return tf.nn.relu6(x)


@activation("leaky_relu")
def leaky_relu(x: Tensor, slope: float) -> Tensor:
    """Not TensorFlow's own, which keeps the slope in float32."""
    return tf.where(x > 0, x, slope * x)


@activation("scaled_tanh")
def scaled_tanh(x: Tensor, amplitude: float, slope: float) -> Tensor:
    return amplitude * tf.tanh(slope * x)


@activation("hard_sigmoid")
def hard_sigmoid(x: Tensor) -> Tensor:
    return tf.nn.relu6(x + 3) / 6


@activation("hard_swish")
def hard_swish(x: Tensor) -> Tensor:
    return x * (tf.nn.relu6(x + 3) / 6)


@activation("gelu")
def gelu(x: Tensor) -> Tensor:
    """Not TensorFlow's own, whose constants are float32's."""
    wide = _wide(x)
    return tf.cast(0.5 * wide * tf.math.erfc(-math.sqrt(0.5) * wide), x.dtype)


@activation("gelu_tanh")
def gelu_tanh(x: Tensor) -> Tensor:
    """(1 + tanh(u)) / 2 as the sigmoid of 2 u: the sum has no digits left where the tanh is near -1. It is 0
    or 1 beyond 30 in any type; the square of a larger x could make its gradient no number."""
    wide = _wide(x)
    z = tf.clip_by_value(wide, -30, 30)
    y = wide * tf.sigmoid(2 * GELU_FACTOR * (z + GELU_CUBIC * z * z * z))
    return tf.cast(y, x.dtype)


@activation("silu")
def silu(x: Tensor) -> Tensor:
    return tf.cast(tf.nn.silu(_wide(x)), x.dtype)


@activation("softplus")
def softplus(x: Tensor) -> Tensor:
    return tf.cast(tf.nn.softplus(_wide(x)), x.dtype)


@activation("softmax")
def softmax(x: Tensor) -> Tensor:
    return tf.nn.softmax(x)


def _wide(x: Tensor) -> Tensor:
    """Half precision as float32, as PyTorch takes it: rounding after each of several steps adds up."""
    return tf.cast(x, tf.float32) if x.dtype.size < 4 else x
