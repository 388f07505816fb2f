"""The layer table: shapes, parameters and multiply-accumulates, per layer and per group.

Parameters are the trainable ones. `activations` counts the outputs of layers that have parameters. A
cross-group edge is one producer's share read in one other group, and its values are counted per image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from specnet.graph import Node
from specnet.layers.base import Shape
from specnet.network import Network
from specnet.text import columns, describe


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, over all its groups."""

    name: str
    kind: str
    groups: tuple[str, ...]
    reads: tuple[str, ...]
    cross_group: bool
    output_shape: Shape
    parameters: int
    macs: int


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """What one group holds and computes."""

    parameters: int
    macs: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What the network as a whole holds, computes and moves."""

    parameters: int
    macs: int
    activations: int
    cross_group_edges: int
    cross_group_values: int


@dataclass(frozen=True)
class Table:
    """The layer table. `str()` is what `specnet table` prints."""

    name: str
    rows: tuple[Row, ...]
    groups: dict[str, GroupTotal]
    totals: Totals

    def as_json(self) -> dict[str, Any]:
        """The table under the keys that `table --json` promises."""
        return {
            "schema_version": 1,
            "name": self.name,
            "layers": [
                {
                    "name": row.name,
                    "kind": row.kind,
                    "groups": list(row.groups),
                    "from": list(row.reads),
                    "cross_group": row.cross_group,
                    "output_shape": list(row.output_shape),
                    "parameters": row.parameters,
                    "macs": row.macs,
                }
                for row in self.rows
            ],
            "groups": {n: {"parameters": g.parameters, "macs": g.macs} for n, g in self.groups.items()},
            "totals": {key: getattr(self.totals, key) for key in Totals.__slots__},
        }

    def __str__(self) -> str:
        head = ("layer", "kind", "groups", "reads", "output", "parameters", "MACs")
        body = [
            (
                row.name,
                row.kind,
                "+".join(row.groups),
                ("* " if row.cross_group else "") + ", ".join(row.reads),
                describe(row.output_shape),
                f"{row.parameters:,}" if row.parameters else "",
                f"{row.macs:,}" if row.macs else "",
            )
            for row in self.rows
        ]
        t = self.totals
        foot = [
            *(
                (f"on {name}", "", "", "", "", f"{g.parameters:,}", f"{g.macs:,}")
                for name, g in (self.groups.items() if len(self.groups) > 1 else ())
            ),
            ("total", "", "", "", "", f"{t.parameters:,}", f"{t.macs:,}"),
        ]
        notes = [f"{t.activations:,} activations in layers with parameters"]
        if len(self.groups) > 1:
            notes.append(
                f"{t.cross_group_edges} cross-group edges (*) "
                f"carry {t.cross_group_values:,} values for each image"
            )
        text = columns(head, [body, foot], right={5, 6})
        return "\n".join([self.name, text, *notes])


def make(network: Network) -> Table:
    """The table of a network."""
    graph, shares = network.graph, network.shares
    group_parameters = dict.fromkeys(network.spec.groups, 0)
    group_macs = dict.fromkeys(network.spec.groups, 0)
    rows: list[Row] = []
    activations = 0
    for name in graph.order:
        parameters = macs = 0
        for group in graph.groups[name]:
            share = shares[Node(name, group)]
            held = sum(w.size for w in share.parameters().values() if w.trainable)
            done = share.macs()
            parameters += held
            macs += done
            group_parameters[group] += held
            group_macs[group] += done
        shape = network.output_shape(name)
        activations += math.prod(shape) if parameters else 0
        layer = network.spec.layers[name]
        rows.append(
            Row(
                name, layer.kind, graph.groups[name], layer.inputs, layer.cross_group, shape, parameters, macs
            )
        )
    crossings = graph.crossings()
    totals = Totals(
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        activations=activations,
        cross_group_edges=len(crossings),
        cross_group_values=sum(math.prod(shares[source].output) for source, _ in crossings),
    )
    held_by = {g: GroupTotal(group_parameters[g], group_macs[g]) for g in network.spec.groups}
    return Table(network.spec.name, tuple(rows), held_by, totals)
