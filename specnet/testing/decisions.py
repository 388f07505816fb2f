"""The decisions that a network takes, and where two programs take them otherwise.

A ReLU lets a value through or not, and a pooling window passes one pixel on. Which, follows from the values
alone, so two programs' decisions can be read off the values that their operations give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from specnet.backend.batch import Batch
from specnet.backend.protocol import Executable, State
from specnet.layers.activation import Activation
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.maxout import Maxout
from specnet.layers.pool import GlobalMaxPool, MaxPool
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Feed, Transfer, parameter_name
from specnet.plans.plan import Plan
from specnet.testing.oracles import Circumstances, layer_oracle


class Watched(Executable, Protocol):
    """An executable that shows what it computes on the way."""

    def watch(self, batch: Batch) -> tuple[State, State]:
        """Every compute operation's output in a training pass, by its name, and the gradients.

        Images are (n, channels, height, width). Running statistics move.
        """


@dataclass(frozen=True, slots=True)
class Decision:
    """One unit of one image, and what two programs have there.

    For a ReLU the values are its inputs, worked out in float64 from what each program fed the layer. For a
    window they are the lead of the one's winner over the other's, positive in the first program.
    """

    op: str
    image: int
    unit: tuple[int, ...]
    kind: str
    values: tuple[float, float]
    scale: float
    """The largest value of the operation, either way."""

    def told(self, one: str, other: str) -> str:
        """In words: where it is and what the two programs have there."""
        where = f"{self.op}, image {self.image}, unit ({', '.join(map(str, self.unit))})"
        mine, theirs = self.values
        here = f"{mine:.1e} in {one}, {theirs:.1e} in {other}, among values up to {self.scale:.1f}"
        return f"{where}: {self.kind} {here}"


def decided_otherwise(
    plan: Plan, batch: Batch, states: Sequence[State], values: Sequence[State]
) -> list[Decision]:
    """What two programs decided otherwise in one training pass, in the plan's order.

    `states` are what each had before the pass, `values` are what `watch` gave.
    """
    one, other = (_complete(plan, batch, seen) for seen in values)
    decisions: list[Decision] = []
    for op in plan.computes:
        if _has_relu(op):
            decisions += _relus(op, batch, states, (one, other))
        if isinstance(op.layer, MaxPool | GlobalMaxPool | Maxout):
            decisions += _windows(op, (one, other))
    return decisions


def _complete(plan: Plan, batch: Batch, values: Mapping[str, Array]) -> dict[str, Array]:
    """All values by name, with images and what crosses."""
    complete = dict(values)
    for op in plan.operations:
        if isinstance(op, Feed):
            complete[op.name] = batch.images
        elif isinstance(op, Transfer):
            complete[op.name] = complete[op.source]
    return complete


def _has_relu(op: Compute) -> bool:
    applied = op.layer.applied_function()
    return applied is not None and applied.kind == "relu"


def _arguments(op: Compute, values: Mapping[str, Array]) -> list[Array]:
    return [np.concatenate([values[name] for name in names], axis=1) for names in op.arguments]


def _relus(
    op: Compute, batch: Batch, states: Sequence[State], values: Sequence[Mapping[str, Array]]
) -> Iterator[Decision]:
    one, other = (seen[op.name] for seen in values)
    for image, *unit in np.argwhere((one > 0) != (other > 0)).tolist():
        inputs = [
            _relu_input(op, image, batch, state, seen)[tuple(unit)]
            for state, seen in zip(states, values, strict=True)
        ]
        scale = float(max(one.max(), other.max()))
        yield Decision(op.name, image, tuple(unit), "before its ReLU", (inputs[0], inputs[1]), scale)


def _relu_input(op: Compute, image: int, batch: Batch, state: State, values: Mapping[str, Array]) -> Array:
    """One image's values before the activation, in float64 from what the layer was fed."""
    arguments = [argument.astype(np.float64) for argument in _arguments(op, values)]
    if isinstance(op.layer, Activation):
        alone: Array = arguments[0][image]
        return alone
    over_batch = isinstance(op.layer, BatchNorm)
    if not over_batch:
        arguments = [argument[image : image + 1] for argument in arguments]
    weights = {role: state[parameter_name(op, role)].astype(np.float64) for role in op.weights}
    run = Circumstances(not op.keeps_statistics, batch.masks.get(op.name))
    result = layer_oracle.find(op.layer.kind, f"layer '{op.name}'")(op.layer, arguments, weights, run)
    output: Array = result.output[image if over_batch else 0]
    return output


def _windows(op: Compute, values: Sequence[Mapping[str, Array]]) -> Iterator[Decision]:
    one, other = (_pixels(op, _arguments(op, seen)[0]) for seen in values)
    mine, theirs = one.argmax(axis=-1), other.argmax(axis=-1)
    for image, *unit in np.argwhere(mine != theirs).tolist():
        place = (image, *unit)
        leads = [float(w[place][mine[place]] - w[place][theirs[place]]) for w in (one, other)]
        scale = float(max(one[place].max(), other[place].max()))
        which = f"pixel {mine[place]} less pixel {theirs[place]} of the window"
        yield Decision(op.name, image, tuple(unit), which, (leads[0], leads[1]), scale)


def _pixels(op: Compute, x: Array) -> Array:
    """The pixels of every window, (n, channels, height, width, pixels), in reading order; -inf is padding.

    Those of a whole map, (n, channels, pixels), and of a maxout's channels, (n, channels, ..., pieces), too.
    """
    layer = op.layer
    if isinstance(layer, GlobalMaxPool):
        return x.reshape(*x.shape[:2], -1)
    if isinstance(layer, Maxout):
        return np.moveaxis(x.reshape(len(x), -1, layer.pieces, *x.shape[2:]), 2, -1)
    assert isinstance(layer, MaxPool)
    pads = layer.window(op.input_shapes[0])[0]
    around = ((0, 0), (0, 0), (pads.top, pads.bottom), (pads.left, pads.right))
    padded = np.pad(x, around, constant_values=-np.inf)
    seen = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel, axis=(2, 3))
    strided = seen[:, :, :: layer.stride[0], :: layer.stride[1]]
    return strided.reshape(*strided.shape[:4], -1)
