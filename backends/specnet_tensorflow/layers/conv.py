"""Convolution in TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.layers.conv import Conv
from specnet.plans.operations import Compute
from specnet_tensorflow import fast
from specnet_tensorflow.layers.base import Layout, Tensor, Weights, layer, with_bias

CONV_WEIGHT = Layout(
    to_native=lambda w, op: w.transpose(2, 3, 1, 0),
    to_canonical=lambda w, op: w.transpose(3, 2, 0, 1),
)


@layer("conv", weight=CONV_WEIGHT)
def conv(op: Compute[Conv], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    x, padding = fast.convolution_padding(settings, pads, x, op.input_shapes[0])
    # Blocks one by one: TensorFlow's grouped convolution is many times slower on a CPU.
    count, weight = settings.groups, weights["weight"]
    images = tf.split(x, count, axis=-1) if count > 1 else [x]
    kernels = tf.split(weight, count, axis=-1) if count > 1 else [weight]
    blocks = [tf.nn.conv2d(i, k, settings.stride, padding) for i, k in zip(images, kernels, strict=True)]
    output = blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=-1)
    return with_bias(output, weights)
