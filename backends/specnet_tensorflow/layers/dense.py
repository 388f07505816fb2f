"""Dense layers in TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute
from specnet_tensorflow.layers.base import Layout, Tensor, Weights, layer, with_bias


def _dense_native(weight: Array, op: Compute) -> Array:
    """(units, channels * height * width) -> (height * width * channels, units)."""
    units, shape = weight.shape[0], op.input_shapes[0]
    return np.moveaxis(weight.reshape(units, *shape), (0, 1), (-1, -2)).reshape(-1, units)


def _dense_canonical(kernel: Array, op: Compute) -> Array:
    units, (channels, *window) = kernel.shape[1], op.input_shapes[0]
    return np.moveaxis(kernel.reshape(*window, channels, units), (-1, -2), (0, 1)).reshape(units, -1)


@layer("dense", weight=Layout(_dense_native, _dense_canonical))
def dense(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    rows = tf.reshape(inputs[0], [-1, weights["weight"].shape[0]])
    return with_bias(tf.matmul(rows, weights["weight"]), weights)
