"""The order of channels where shares of several layers are joined group by group.

Layers a and b on two groups, concatenated on each and read by a layer that crosses, come in the order a0, b0,
a1, b1. A model that holds a and b in one tensor each joins full layers: a0, a1, b0, b1. What lies between
must work on each channel alone for the two to be one network. A mapping may say `concat: parts` of a model
that joins as the spec does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from specnet.convert.weights.names import Concatenation, Entry
from specnet.layers.activation import Activation
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.blur import Blur
from specnet.layers.channel_shuffle import ChannelShuffle
from specnet.layers.conv import Conv
from specnet.layers.dense import Dense
from specnet.layers.dropout import Dropout
from specnet.layers.flatten import Flatten
from specnet.layers.layer_norm import LayerNorm
from specnet.layers.lrn import LRN
from specnet.layers.merge import Add, Concat, Multiply
from specnet.layers.pad import Pad
from specnet.layers.pool import GlobalPool, Pool
from specnet.layers.scale import Scale
from specnet.layers.stochastic_depth import StochasticDepth
from specnet.layers.subsample import Subsample
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Feed, Operation, Transfer
from specnet.plans.plan import Plan

PER_CHANNEL = BatchNorm | LayerNorm | Scale
"""Kinds with one number for each channel as weights, to which the channels' order makes no difference."""
OF_IMAGES = Blur | Flatten | GlobalPool | Pad | Pool | Subsample
"""Kinds that make each channel of another size, or smooth it."""
CHANNELWISE = OF_IMAGES | PER_CHANNEL | Activation | Concat | Dropout | StochasticDepth


class Part(NamedTuple):
    """Channels that one operation made, and by number what else was done to each of them alone."""

    maker: str
    way: int
    size: int


class Joining:
    """What the values of a network are made of, in the spec's order and in the file's.

    `entries` are the tensors of the file. `clashes` are the operations whose channels are in an unknown
    order, or another one, in a model that joins full layers.
    """

    def __init__(self, plan: Plan, entries: Sequence[Entry], said: Concatenation | None = None) -> None:
        self._said = said
        self._groups = {op.name: op.group for op in plan.operations}
        self._given = {share.name for entry in entries for share in entry.shares}
        self._stacks: dict[str, tuple[str, ...]] = {}
        self._ways: dict[Hashable, int] = {}
        self._parts: dict[str, list[Part]] = {}
        self.clashes: dict[str, Compute] = {}
        for entry in entries if said != "parts" else ():
            names = tuple(share.name for share in entry.shares)
            self._stacks |= dict.fromkeys(names, names) if len(names) > 1 else {}
        if self._stacks:
            for op in plan.operations:
                self._parts[op.name] = self._made(op)
            self._check(plan, entries)

    def read_by(self, op: Compute) -> list[Part]:
        """The parts of what an operation reads, in the spec's order; empty if the file has no other order."""
        return [part for value in op.values for part in self._parts.get(value, ())]

    def arranged(self, parts: Sequence[Part]) -> list[int] | None:
        """The places of the parts in the file's order; None if it cannot be known."""
        stacked = self.stacked(parts)
        loose = [part for part in parts if self._loose(part)]
        partial = [places for places in stacked if len(places) < len(self._stack(parts[places[0]]))]
        if partial and len(partial) + len(loose) > 1:
            return None
        order = list(chain.from_iterable(stacked))
        moved = [place for place, index in enumerate(order) if place != index]
        if not moved:
            return order
        if partial or len({part[:2] for part in parts}) < len(parts):
            return None
        if any(parts[order[place]].maker not in self._stacks for place in moved):
            return None
        return order if self._said == "whole" or self._on_groups(parts, moved) else None

    def stacked(self, parts: Sequence[Part]) -> list[list[int]]:
        """The places of the parts that came out of one tensor each, in the tensor's order."""
        places: dict[Hashable, list[int]] = {}
        seen: Counter[tuple[str, int]] = Counter()
        for index, part in enumerate(parts):
            key = (self._key(part), seen[part[:2]]) if part.maker in self._stacks else index
            places.setdefault(key, []).append(index)
            seen[part[:2]] += 1
        return [
            sorted(indices, key=lambda i: self._stack(parts[i]).index(parts[i].maker))
            for indices in places.values()
        ]

    def into(self, entry: Entry, values: Array) -> Array:
        """A tensor of the file in the canonical layout, with its channels in the spec's order."""
        return self._put(entry, values, back=False)

    def out_of(self, entry: Entry, values: Array) -> Array:
        """The inverse: a tensor in the spec's order, as the file has it."""
        return self._put(entry, values, back=True)

    def moves(self, entry: Entry) -> bool:
        """Whether the tensor's channels have another order in the file."""
        return any(not _identity(self.arranged(parts)) for parts in self._ordered(entry))

    def _put(self, entry: Entry, values: Array, *, back: bool) -> Array:
        if not self.moves(entry):
            return values
        every = self._ordered(entry)
        axis = 0 if len(every) < len(entry.shares) or _per_channel(entry.op, every[0]) else 1
        shares = np.split(values, np.cumsum([shape[0] for shape in entry.shapes])[:-1]) if axis else [values]
        reordered = []
        for parts, share in zip(every, shares, strict=True):
            order = self.arranged(parts)
            assert order is not None
            length, total = share.shape[axis], sum(part.size for part in parts)
            ends = np.cumsum([part.size for part in parts])[:-1] * length // total
            blocks = np.split(np.arange(length), ends)
            indices = np.concatenate([blocks[place] for place in order])
            reordered.append(share.take(indices if back else np.argsort(indices), axis))
        return np.concatenate(reordered)

    def _ordered(self, entry: Entry) -> list[list[Part]]:
        """The parts along an axis of a tensor: of all its outputs, or of each share's inputs; or empty."""
        if not self._stacks:
            return []
        read = [self.read_by(share) for share in entry.shares]
        if any(_per_channel(share, parts) for share, parts in zip(entry.shares, read, strict=True)):
            return [list(chain.from_iterable(read))]
        return read if _mixes_by_weight(entry.op) and entry.role == "weight" else []

    def _check(self, plan: Plan, entries: Iterable[Entry]) -> None:
        for entry in entries:
            orders = []
            for parts in self._ordered(entry):
                order = self.arranged(parts)
                if order is None:
                    self.clashes[entry.op.name] = entry.op
                else:
                    orders.append([parts[place][:2] for place in order])
            if any(order != orders[0] and sorted(order) == sorted(orders[0]) for order in orders):
                self.clashes[entry.op.name] = entry.op
        operations = {op.name: op for op in plan.computes}
        for name in plan.outputs:
            order = self.arranged(self._parts[name])
            if order is not None and not _identity(order) and name in operations:
                self.clashes[name] = operations[name]

    def _made(self, op: Operation) -> list[Part]:
        if isinstance(op, Feed):
            return [Part(op.layer, 0, op.output_shape[0])]
        if isinstance(op, Transfer):
            return self._parts[op.source]
        own = [Part(op.name, 0, op.output_shape[0])]
        if isinstance(op.layer, Add | Multiply):
            return self._merged(op) or own
        parts = self.read_by(op)
        if _per_channel(op, parts):
            return self._after(op, parts, op.output_shape[0], sum(part.size for part in parts))
        if op.name in self._given or _mixes_by_weight(op):
            if not _mixes_by_weight(op) and not _identity(self.arranged(parts)):
                self.clashes[op.name] = op
            return own
        if len(parts) == 1:
            return self._after(op, parts, op.output_shape[0], parts[0].size)
        if isinstance(op.layer, CHANNELWISE) or (isinstance(op.layer, LRN) and op.layer.region == "within"):
            mixing = isinstance(op.layer, Activation) and op.layer.needs_all_units
            if mixing and self.arranged(parts) is None:
                self.clashes[op.name] = op
            flat = isinstance(op.layer, Flatten)
            return self._after(op, parts, math.prod(op.input_shapes[0][1:]) if flat else 1)
        if not _identity(self.arranged(parts)):
            self.clashes[op.name] = op
        moved = isinstance(op.layer, ChannelShuffle) or op.output_shape[0] != op.input_shapes[0][0]
        return own if moved else self._after(op, parts, 1)

    def _after(self, op: Compute, parts: Iterable[Part], to: int, each: int = 1) -> list[Part]:
        """The parts after what an operation does to each alone, `each` channels made into `to`.

        Joining alone leaves no trace.
        """
        if isinstance(op.layer, Concat):
            return list(parts)
        fields = op.layer.model_dump(mode="json", exclude={"from_", "group", "cross_group"})
        does = repr(sorted(fields.items())), self._stacks.get(op.name, op.name if op.weights else "")
        return [part._replace(way=self._way(part.way, does), size=part.size * to // each) for part in parts]

    def _merged(self, op: Compute) -> list[Part] | None:
        """The parts of a sum or a product if its arguments agree on them, else None."""
        arguments = [[part for value in values for part in self._parts[value]] for values in op.arguments]
        shapes = [[self._shape(part) for part in parts] for parts in arguments]
        alike = all(shape == shapes[0] for shape in shapes)
        stacked = {shape[0] for shape in shapes if shape[0][2] > 1}
        if not alike and all(len(parts) == 1 for parts in arguments) and len(stacked) < 2:
            arguments.sort(key=lambda parts: parts[0].maker not in self._stacks)
        elif not alike:
            if not all(_identity(self.arranged(parts)) for parts in arguments):
                self.clashes[op.name] = op
            return None
        merged: list[Part] = []
        for part, *others in zip(*arguments, strict=True):
            does = op.layer.kind, tuple(self._key(other) for other in others)
            merged.append(part._replace(way=self._way(part.way, does)))
        return merged

    def _way(self, before: int, does: Hashable) -> int:
        return self._ways.setdefault((before, does), len(self._ways) + 1)

    def _key(self, part: Part) -> tuple[Hashable, int]:
        return self._stacks.get(part.maker, part.maker), part.way

    def _shape(self, part: Part) -> tuple[int, int, int]:
        stack = self._stack(part)
        return part.size, stack.index(part.maker), len(stack)

    def _stack(self, part: Part) -> tuple[str, ...]:
        return self._stacks.get(part.maker, (part.maker,))

    def _loose(self, part: Part) -> bool:
        """Whether a part has a tensor of its own; what comes from an input does not."""
        return part.maker in self._groups and part.maker not in self._stacks

    def _on_groups(self, parts: Sequence[Part], moved: Iterable[int]) -> bool:
        """Whether it is the groups that the moved parts' tensors are shared out over."""
        stacks = {self._stacks[parts[place].maker] for place in moved}
        return all(len({self._groups[name] for name in stack}) == len(stack) for stack in stacks)


def _identity(order: Sequence[int] | None) -> bool:
    return order is not None and all(a < b for a, b in pairwise(order))


def _mixes_by_weight(op: Compute) -> bool:
    """Whether every output reads all channels, by weights that can be put in another order."""
    return isinstance(op.layer, Dense) or (isinstance(op.layer, Conv) and op.layer.groups == 1)


def _per_channel(op: Compute, parts: Sequence[Part]) -> bool:
    """Whether an operation has weights for each of several parts alone."""
    if len(parts) < 2 or isinstance(op.layer, PER_CHANNEL):
        return len(parts) > 1 and bool(op.weights)
    if not isinstance(op.layer, Conv) or op.layer.groups == 1:
        return False
    block = op.input_shapes[0][0] // op.layer.groups
    return all(part.size % block == 0 for part in parts)
