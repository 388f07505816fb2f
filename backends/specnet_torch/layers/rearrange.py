"""What moves values about and leaves them as they are in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from specnet.backend.kinds import Run
from specnet.layers.channel_shuffle import ChannelShuffle
from specnet.layers.pad import Pad
from specnet.layers.slice import Slice
from specnet.layers.subsample import Subsample
from specnet.plans.operations import Compute
from specnet_torch.layers.base import Weights, layer, padded


@layer("flatten")
def flatten(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0].flatten(1)


@layer("concat")
def concat(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0]


@layer("pad")
def pad(op: Compute[Pad], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    rows, columns, pads = op.layer.cut_and_pads(op.input_shapes[0])
    return padded(inputs[0][:, :, rows, columns], pads, 0.0)


@layer("slice")
def slice_(op: Compute[Slice], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    start, stop = op.layer.channels
    return inputs[0][:, start:stop]


@layer("channel_shuffle")
def channel_shuffle(
    op: Compute[ChannelShuffle], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    blocks = inputs[0].unflatten(1, (op.layer.groups, -1))
    return blocks.transpose(1, 2).flatten(1, 2)


@layer("subsample")
def subsample(op: Compute[Subsample], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    (top, left), (down, right) = op.layer.start, op.layer.stride
    return inputs[0][:, :, top::down, left::right]
