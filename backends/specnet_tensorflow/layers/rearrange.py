"""What moves values about and leaves them as they are in TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from specnet.backend.kinds import Run
from specnet.layers.channel_shuffle import ChannelShuffle
from specnet.layers.pad import Pad
from specnet.layers.slice import Slice
from specnet.layers.subsample import Subsample
from specnet.plans.operations import Compute
from specnet_tensorflow.layers.base import Tensor, Weights, layer, padded


@layer("flatten")
def flatten(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    (x,) = inputs
    rank = len(x.shape)
    if rank > 2:
        x = tf.transpose(x, [0, rank - 1, *range(1, rank - 1)])
    return tf.reshape(x, [-1, op.output_shape[0]])


@layer("concat")
def concat(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return tf.identity(inputs[0])


@layer("pad")
def pad(op: Compute[Pad], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    rows, columns, pads = op.layer.cut_and_pads(op.input_shapes[0])
    return padded(tf.identity(inputs[0][:, rows, columns]), pads, 0.0)


@layer("slice")
def slice_(op: Compute[Slice], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    start, stop = op.layer.channels
    return inputs[0][..., start:stop]


@layer("channel_shuffle")
def channel_shuffle(
    op: Compute[ChannelShuffle], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    channels, *window = op.input_shapes[0]
    blocks = tf.reshape(inputs[0], [-1, op.layer.groups, channels // op.layer.groups])
    return tf.reshape(tf.transpose(blocks, [0, 2, 1]), [-1, *window, channels])


@layer("subsample")
def subsample(op: Compute[Subsample], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    (top, left), (down, right) = op.layer.start, op.layer.stride
    return inputs[0][:, top::down, left::right]
