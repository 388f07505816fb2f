"""The table as data, and as JSON. What it looks like is in `words`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specnet.layer_table import words
from specnet.layers.base import Shape
from specnet.layers.window import Pads

Field = tuple[int, int]
"""Height and width of the part of the input that one output value is made from."""


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, over all its groups.

    `window` and `padding` are None for a layer that slides none. `receptive_field` is None for a layer each
    of whose outputs is made from the whole input. `memory` counts bytes.
    """

    name: str
    kind: str
    groups: tuple[str, ...]
    reads: tuple[str, ...]
    cross_group: bool
    output_shape: Shape
    parameters: int
    macs: int
    window: tuple[Field, Field] | None
    padding: Pads | None
    receptive_field: Field | None
    memory: int


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """What one group holds and computes. `needs` is the least memory that a step of training takes."""

    parameters: int
    macs: int
    memory: int
    needs: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What the network as a whole holds, computes and moves."""

    parameters: int
    macs: int
    activations: int
    cross_group_edges: int
    cross_group_values: int
    memory: int


@dataclass(frozen=True)
class Table:
    """The layer table. `str()` is what `specnet table` prints.

    `images` is the number of images in a step, and `traffic` the bytes that it moves from group to group.
    """

    name: str
    rows: tuple[Row, ...]
    groups: dict[str, GroupTotal]
    totals: Totals
    images: int
    traffic: dict[tuple[str, str], int]

    def as_json(self) -> dict[str, Any]:
        """The table under the keys that `table --json` promises; bytes are under `step`."""
        counted = ("parameters", "macs")
        return {
            "schema_version": 1,
            "name": self.name,
            "layers": [_row_as_json(row) for row in self.rows],
            "groups": {n: {key: getattr(group, key) for key in counted} for n, group in self.groups.items()},
            "totals": {key: getattr(self.totals, key) for key in Totals.__slots__ if key != "memory"},
            "step": {
                "images": self.images,
                "memory": {name: group.memory for name, group in self.groups.items()},
                "needs": {name: group.needs for name, group in self.groups.items()},
                "traffic": [{"from": a, "to": b, "bytes": moved} for (a, b), moved in self.traffic.items()],
            },
        }

    def __str__(self) -> str:
        return words.text(self)

    def text(
        self, width: int | None = None, whole: str = "a greater width, as_markdown() or as_csv()"
    ) -> str:
        """The table for people; columns that do not fit into `width` are left out, and named, with the ways
        to see the `whole` of it."""
        return words.text(self, width, whole)

    def as_markdown(self) -> str:
        """The table for a pull request or a page."""
        return words.markdown(self)

    def as_csv(self) -> str:
        """A line for each layer, numbers plain, for a spreadsheet."""
        return words.csv_text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return words.html(self)


def _row_as_json(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "groups": list(row.groups),
        "from": list(row.reads),
        "cross_group": row.cross_group,
        "output_shape": list(row.output_shape),
        "parameters": row.parameters,
        "macs": row.macs,
        "kernel": list(row.window[0]) if row.window else None,
        "stride": list(row.window[1]) if row.window else None,
        "padding": list(row.padding) if row.padding else None,
        "receptive_field": list(row.receptive_field) if row.receptive_field else None,
        "memory": row.memory,
    }
