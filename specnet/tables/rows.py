"""What the layer table is made of."""

from __future__ import annotations

from dataclasses import dataclass

from specnet.layers.base import Shape, Window
from specnet.layers.window import Pads

Field = tuple[int, int]
"""Height and width of the part of the input that one output value is made from."""


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, over all its groups.

    `window` and `padding` are None for a layer without a window. `receptive_field` is None for a layer each
    of whose outputs is made from the full input. `memory` counts bytes. In a folded table it may be several
    layers, without a window.
    """

    name: str
    kind: str
    groups: tuple[str, ...]
    reads: tuple[str, ...]
    cross_group: bool
    output_shape: Shape
    parameters: int
    macs: int
    window: Window | None
    padding: Pads | None
    receptive_field: Field | None
    memory: int
    frozen: bool = False
    """Whether its parameters, if it has any, stay as they are in training."""


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """What one group holds and computes. `needs` is the least memory that a step of training takes."""

    parameters: int
    macs: int
    memory: int
    needs: int
    frozen_parameters: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What the full network holds, computes and moves."""

    parameters: int
    macs: int
    activations: int
    cross_group_edges: int
    cross_group_values: int
    memory: int
    frozen_parameters: int = 0
    """Those of the parameters that training leaves as they are."""


@dataclass(frozen=True)
class Contents:
    """Everything that the table says.

    `images` is the number of images in a step, and `traffic` the bytes that it moves from group to group.
    """

    name: str
    rows: tuple[Row, ...]
    groups: dict[str, GroupTotal]
    totals: Totals
    images: int
    traffic: dict[tuple[str, str], int]
