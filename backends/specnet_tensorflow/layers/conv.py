"""Convolutions in TensorFlow, those with fixed filters included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.layers.blur import Blur
from specnet.layers.conv import Conv, Convolution
from specnet.layers.random_connections import RandomConnections
from specnet.plans.operations import Compute
from specnet_tensorflow import fast
from specnet_tensorflow.layers.base import Layout, Tensor, Weights, layer, padded, with_bias

CONV_WEIGHT = Layout(
    to_native=lambda w, op: w.transpose(2, 3, 1, 0) if w.ndim == 4 else w,
    to_canonical=lambda w, op: w.transpose(3, 2, 0, 1) if w.ndim == 4 else w,
)
"""Kernels that are not shared are laid out as they are everywhere: Keras has no layer for them."""


@layer("conv", weight=CONV_WEIGHT)
def conv(op: Compute[Conv], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    if not settings.shared:
        return _local(settings, padded(x, settings.window(op.input_shapes[0])[0], 0.0), weights)
    return with_bias(_convolved(op, x, weights["weight"], settings.groups), weights)


@layer("random_connections", weight=CONV_WEIGHT)
def random_connections(
    op: Compute[RandomConnections], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    """An ordinary convolution whose kernels are zero where there is no connection."""
    (x,), read = inputs, op.layer.channels(op.input_shapes[0])
    filters = np.arange(len(read))[:, None]
    places = np.stack(np.broadcast_arrays(filters, read), axis=-1)
    kernels = tf.transpose(weights["weight"], [3, 2, 0, 1])  # (filters, connections, height, width)
    whole = tf.scatter_nd(places, kernels, [len(read), x.shape[-1], *kernels.shape[2:]])
    return with_bias(_convolved(op, x, tf.transpose(whole, [2, 3, 1, 0]), 1), weights)


def _convolved(op: Compute[Convolution], x: Tensor, weight: Tensor, count: int) -> Tensor:
    """A convolution in `count` blocks, without its bias."""
    settings = op.layer
    pads = settings.window(op.input_shapes[0])[0]
    padding: str | list[list[int]] = "VALID"
    spread = settings.dilation != (1, 1)
    if spread:
        x = padded(x, pads, 0.0)
    else:
        x, padding = fast.convolution_padding(settings, pads, x, op.input_shapes[0])
    down, right = settings.stride
    if 1 < count == x.shape[-1] and down == right and not spread:
        return _depthwise(x, weight, settings.stride, padding)
    # Blocks one by one: TensorFlow's grouped convolution is many times slower on a CPU.
    images = tf.split(x, count, axis=-1) if count > 1 else [x]
    kernels = tf.split(weight, count, axis=-1) if count > 1 else [weight]
    blocks = [
        _spread(i, k, settings) if spread else tf.nn.conv2d(i, k, settings.stride, padding)
        for i, k in zip(images, kernels, strict=True)
    ]
    return blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=-1)


def _depthwise(x: Tensor, weight: Tensor, stride: tuple[int, int], padding: str | list[list[int]]) -> Tensor:
    """A block for each channel, with one stride for both sides: TensorFlow has a kernel of its own for it."""
    high, wide, _, filters = weight.shape
    own = tf.reshape(weight, [high, wide, x.shape[-1], filters // x.shape[-1]])
    return tf.nn.depthwise_conv2d(x, own, [1, *stride, 1], padding)


@layer("blur")
def blur(op: Compute[Blur], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    (x,) = inputs
    channels, height, width = op.input_shapes[0]
    down, across = (tf.constant(op.layer.taps(size - 1), x.dtype) for size in (height, width))
    for kernel in (across[None, :], down[:, None]):
        filters = tf.tile(kernel[:, :, None, None], [1, 1, channels, 1])
        x = tf.nn.depthwise_conv2d(x, filters, [1, 1, 1, 1], "SAME")
    return x


def _spread(x: Tensor, kernel: Tensor, settings: Convolution) -> Tensor:
    """A dilated convolution without padding. TensorFlow's own has no gradients on a CPU.

    Pixels that are `dilation` apart become an image of their own, which an ordinary convolution takes; with a
    stride it is the kernel that gets zeros in between.
    """
    down, right = settings.dilation
    if settings.stride == (1, 1):
        lacking = [[0, -x.shape[1] % down], [0, -x.shape[2] % right]]
        apart = tf.space_to_batch(x, [down, right], lacking)
        return tf.batch_to_space(tf.nn.conv2d(apart, kernel, 1, "VALID"), [down, right], lacking)
    high, wide, *channels = kernel.shape
    between = [[0, 0], [0, down - 1], [0, 0], [0, right - 1], [0, 0], [0, 0]]
    zeros_between = tf.pad(tf.reshape(kernel, [high, 1, wide, 1, *channels]), between)
    rows, columns = settings.extent
    whole = tf.reshape(zeros_between, [high * down, wide * right, *channels])[:rows, :columns]
    return tf.nn.conv2d(x, whole, settings.stride, "VALID")


def _local(settings: Conv, x: Tensor, weights: Weights) -> Tensor:
    """A kernel for each output pixel: a product of what each of them sees, block by block."""
    weight = weights["weight"]
    filters, channels, high, wide, rows, columns = weight.shape
    (down, right), (below, beside) = settings.stride, settings.dilation
    taps = [
        x[:, r : r + (rows - 1) * down + 1 : down, s : s + (columns - 1) * right + 1 : right]
        for r in range(0, high * below, below)
        for s in range(0, wide * beside, beside)
    ]
    blocks = settings.groups
    seen = tf.reshape(tf.stack(taps, axis=3), [-1, rows, columns, high * wide, blocks, channels])
    kernels = tf.reshape(weight, [blocks, filters // blocks, channels, high * wide, rows, columns])
    output = tf.reshape(tf.einsum("nijtgc,goctij->nijgo", seen, kernels), [-1, rows, columns, filters])
    return output + tf.transpose(weights["bias"], [1, 2, 0]) if "bias" in weights else output
