"""How a Keras model flattened what a layer reads: by the spec, and by what a mapping says.

A spec's `flatten` layers tell it: images that are flattened one by one there were so in Keras, too. Where a
layer reads several images itself, Keras code may have joined them first (`flatten: joined`, the default), or
not.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, chain, groupby
from typing import NamedTuple

from specnet.convert.weights.joining import PER_CHANNEL, Joining, Part
from specnet.convert.weights.names import Entry
from specnet.layers.activation import Activation
from specnet.layers.base import Shape
from specnet.layers.blur import Blur
from specnet.layers.conv import Convolution
from specnet.layers.dense import Dense
from specnet.layers.dropout import Dropout
from specnet.layers.flatten import Flatten
from specnet.layers.merge import Add, Concat, Multiply
from specnet.layers.pad import Pad
from specnet.layers.pool import Pool
from specnet.layers.stochastic_depth import StochasticDepth
from specnet.layers.subsample import Subsample
from specnet.plans.operations import Compute, Operation, Transfer
from specnet.plans.plan import Plan

KEEPING_ORDER = Flatten | Dropout | StochasticDepth | Activation | PER_CHANNEL | Concat | Add | Multiply
"""Kinds that leave the values of vectors in their order."""


class Maps(NamedTuple):
    """Channels that were joined with others, and the operation whose weights made them, if one did."""

    channels: int
    maker: str | None


class Piece(NamedTuple):
    """An image that is flattened as one, with what was joined in it; or a vector that never was one."""

    shape: Shape
    maps: tuple[Maps, ...] = ()


class ImpossibleOrderError(Exception):
    """What a mapping says of a layer's inputs cannot be."""


class Flattening:
    """A network's ways from images to vectors. `entries` are the tensors of the file that it is made from."""

    def __init__(self, plan: Plan, entries: Iterable[Entry], joining: Joining) -> None:
        self._joining = joining
        self._operations: dict[str, Operation] = {op.name: op for op in plan.operations}
        self._stacks: dict[str, tuple[str, ...]] = {}
        """By name, the operations whose parameters are one tensor: there, their outputs are one image."""
        for entry in entries:
            names = tuple(share.name for share in entry.shares)
            self._stacks |= dict.fromkeys(names, names) if len(names) > 1 else {}

    def order(self, entry: Entry, *, own: bool) -> list[Shape] | None:
        """The shapes of the images that were flattened one by one into what a layer reads.

        They are in the file's order, as `Joining` has it, and empty for a tensor without an order of its own.
        None where Keras's layout cannot be known: for what kinds from other packages do with an order or a
        matrix, and after a sum of unlike orders. `own` says that the file was saved from specnet's own Keras
        model, which flattens in the canonical order. Raises `ImpossibleOrderError` for a mapping that says
        what cannot be.
        """
        op, matrix = entry.op, len(entry.shape) > 1
        image = len(op.input_shapes[0]) > 1
        if isinstance(op.layer, Convolution) or (isinstance(op.layer, Dense) and not matrix):
            return []
        if isinstance(op.layer, Dense):
            if own:
                return [op.input_shapes[0]]
            pieces = [self._joined(op)] if image else self._read_by(op)
        elif matrix:
            return None
        elif image or own:
            return []
        else:
            by_share = [self._read_by(share) for share in entry.shares]
            pieces = (
                None if None in by_share else list(chain.from_iterable(p for p in by_share if p is not None))
            )
            if not isinstance(op.layer, PER_CHANNEL):
                return [] if pieces is not None and all(_in_one_order(p) for p in pieces) else None
        if pieces is None:
            return None
        read = entry.shares[:1] if isinstance(op.layer, Dense) else entry.shares
        parts = [part for share in read for part in self._joining.read_by(share)]
        return self._as_in_file([piece.shape for piece in self._as_said(entry, pieces)], parts)

    def clashes(self) -> list[Compute]:
        """The sums and products of vectors that Keras holds in another order than the spec does."""
        computes = (op for op in self._operations.values() if isinstance(op, Compute))
        return [op for op in computes if isinstance(op.layer, Add | Multiply) and self._clashes(op)]

    def _clashes(self, op: Compute) -> bool:
        vectors = [value for value in op.values if len(self._origin(value).output_shape) == 1]
        pieces = [self._pieces(value) for value in vectors]
        known = [piece for of_value in pieces if of_value is not None for piece in of_value]
        if None in pieces:
            return False
        if len(op.output_shape) > 1:  # a number for each channel of an image
            return not all(_in_one_order(piece) for piece in known)
        return self._read_by(op) is None

    def _as_said(self, entry: Entry, pieces: list[Piece]) -> list[Piece]:
        if entry.flatten == "separate":
            return [part for piece in pieces for part in _apart(piece)]
        if entry.flatten is None:
            return self._stacked(pieces)
        images = [index for index, piece in enumerate(pieces) if len(piece.shape) > 1]
        if len(images) < 2:
            return pieces
        first, end = images[0], images[-1] + 1
        run = pieces[first:end]
        if len(run) > len(images) or len({piece.shape[1:] for piece in run}) > 1:
            raise ImpossibleOrderError
        return [*pieces[:first], _together(run), *pieces[end:]]

    def _as_in_file(self, shapes: list[Shape], parts: list[Part]) -> list[Shape] | None:
        """The shapes in the file's order, those that are one image there as one; None if they cannot be."""
        order = self._joining.arranged(parts)
        if not parts or order is None:
            return shapes
        ends = list(accumulate(math.prod(shape) for shape in shapes))
        total = sum(part.size for part in parts)
        starts = accumulate((part.size * ends[-1] // total for part in parts), initial=0)
        inside = [bisect_right(ends, start) for start, _ in zip(starts, parts, strict=False)]
        images = list(range(len(shapes)))
        for together in self._joining.stacked(parts):
            joined = {images[inside[index]] for index in together}
            images = [min(joined) if image in joined else image for image in images]
        if images == list(range(len(shapes))) and order == sorted(order):
            return shapes
        runs = [image for image, _ in groupby(images[inside[index]] for index in order)]
        merged = [[shape for shape, at in zip(shapes, images, strict=True) if at == image] for image in runs]
        contiguous = sorted(runs) == sorted(set(images))
        if not contiguous or any(len({shape[1:] for shape in run}) > 1 for run in merged):
            return None
        return [(sum(shape[0] for shape in run), *run[0][1:]) for run in merged]

    def _stacked(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces, and those that are one image in the file as one."""

        def stack(piece: Piece) -> object:
            maker = piece.maps[0].maker if len(piece.maps) == 1 else None
            return (piece.shape[1:], self._stacks[maker]) if maker in self._stacks else id(piece)

        stacked: list[Piece] = []
        for _, group in groupby(pieces, stack):
            run = list(group)
            makers = tuple(maps.maker for piece in run for maps in piece.maps)
            full = len(run) > 1 and makers == self._stacks.get(makers[0] or "")
            stacked += [_together(run)] if full else run
        return stacked

    def _joined(self, op: Compute) -> Piece:
        """All images that an operation reads, as one."""
        return Piece(op.input_shapes[0], tuple(m for value in op.values for m in self._maps(value)))

    def _maps(self, value: str) -> list[Maps]:
        op = self._origin(value)
        if not isinstance(op, Compute):
            return [Maps(op.output_shape[0], None)]
        below = [m for v in op.values for m in self._maps(v)] if not op.weights else []
        mixing = isinstance(op.layer, Activation) and op.layer.needs_all_units
        passing = Activation | Blur | Concat | Dropout | Pad | Pool | StochasticDepth | Subsample
        if isinstance(op.layer, passing) and not mixing:
            return below
        maker = op.name if op.weights else below[0].maker if below else None
        return [Maps(op.output_shape[0], maker)]

    def _read_by(self, op: Compute) -> list[Piece] | None:
        """The pieces of the vector that an operation reads; None if it adds vectors whose orders differ."""
        arguments: list[list[Piece]] = []
        for values in op.arguments:
            argument: list[Piece] = []
            for value in values:
                pieces = self._pieces(value)
                if pieces is None:
                    return None
                argument += pieces
            arguments.append(argument)
        first = arguments[0]
        return first if all(_orders(pieces) == _orders(first) for pieces in arguments) else None

    def _pieces(self, value: str) -> list[Piece] | None:
        op = self._origin(value)
        if not isinstance(op, Compute) or isinstance(op.layer, Dense):
            return [Piece(op.output_shape)]
        image = any(len(shape) > 1 for shape in op.input_shapes)
        if isinstance(op.layer, Flatten) and image:
            return [self._joined(op)]
        if isinstance(op.layer, KEEPING_ORDER):
            return self._read_by(op)
        if all(len(shape) > 1 for shape in op.input_shapes):
            return [Piece(op.output_shape)]
        below = self._read_by(op) if not image else None
        return [Piece(op.output_shape)] if below and all(_in_one_order(piece) for piece in below) else None

    def _origin(self, value: str) -> Operation:
        op = self._operations[value]
        while isinstance(op, Transfer):
            op = self._operations[op.source]
        return op


def _together(pieces: list[Piece]) -> Piece:
    channels = sum(piece.shape[0] for piece in pieces)
    return Piece((channels, *pieces[0].shape[1:]), tuple(m for piece in pieces for m in piece.maps))


def _apart(piece: Piece) -> list[Piece]:
    if not piece.maps:
        return [piece]
    return [Piece((maps.channels, *piece.shape[1:]), (maps,)) for maps in piece.maps]


def _in_one_order(piece: Piece) -> bool:
    """Whether channels first and channels last are the same."""
    return piece.shape[0] == 1 or math.prod(piece.shape[1:]) == 1


def _orders(pieces: list[Piece]) -> list[Shape]:
    """The shapes, as far as they make a difference to the order of the values."""
    shapes: list[Shape] = []
    for alike, run in groupby(pieces, _in_one_order):
        of_run = [piece.shape for piece in run]
        shapes += [(sum(math.prod(shape) for shape in of_run),)] if alike else of_run
    return shapes
