"""Edits to the long form, in which a layer on several groups is one layer for each of its shares."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Set

from editing.changing import field_changes
from editing.data import Data, fresh, renamed, short, sources
from editing.edit import Case, Edited, kind, shuffled
from specnet.network.graph import Node, Read

LETTERS = "abcdefgh"


@kind("write split layers in the long form")
def write_long(case: Case, draw: random.Random) -> Iterator[Edited]:
    towers = [name for name in case.made() if len(case.network.graph.groups[name]) > 1]
    for chosen in ([*towers], shuffled(draw, towers)[:1], shuffled(draw, towers)[:2]):
        made = long_form(case, set(chosen)) if chosen else None
        if made is not None:
            yield made


@kind("write the long form and change one tower")
def change_tower(case: Case, draw: random.Random) -> Iterator[Edited]:
    made = next(write_long(case, draw), None)
    if made is None:
        return
    other = Case.of(made.data)
    for tower in shuffled(draw, [name for name in other.live() if name in made.origins]):
        for change in field_changes(other, tower, draw):
            yield Edited(change.data, 1, change.effect, made.origins, touched=change.touched)


def long_form(case: Case, chosen: Set[str]) -> Edited | None:
    """A layer for each share of the chosen ones; None where a reader has no way to say what it reads then."""
    graph = case.network.graph
    towers: dict[str, dict[str, str]] = {}
    taken: Data = {"layers": dict(case.layers)}
    for name in chosen:
        for letter, group in zip(LETTERS, graph.groups[name], strict=False):
            towers.setdefault(name, {})[group] = new = fresh(taken, f"{name}{letter}")
            taken["layers"][new] = {}

    def named(read: Read) -> list[str]:
        """What one input is in the new file."""
        if read[0].layer not in chosen:
            return [read[0].layer]
        return [towers[node.layer][node.group] for node in read]

    layers: Data = {}
    for name, fields in case.layers.items():
        reads = {node.group: graph.reads[node] for node in graph.nodes[name]}
        parts = {group: [named(read) for read in own] for group, own in reads.items()}
        joins = any(len(part) > 1 for own in parts.values() for part in own)
        if joins and not graph.layers[name].concatenates_inputs:
            return None
        if name not in chosen:
            if len({str(part) for part in parts.values()}) > 1:
                return None
            layers[name] = copy.deepcopy(fields)
            if name in reads or sources(fields):
                own = next(iter(parts.values()))
                layers[name]["from"] = short([source for part in own for source in part])
                layers[name]["group"] = short(list(graph.groups[name]))
            continue
        for node in graph.nodes[name]:
            layers[towers[name][node.group]] = _tower(case, node, parts[node.group])
    lists = {name: list(own.values()) for name, own in towers.items()}
    made = renamed({**case.data, "layers": layers}, lists)
    origins = {new: name for name, own in towers.items() for new in own.values()}
    return Edited(made, 0, "writing", origins)


def _tower(case: Case, node: Node, parts: list[list[str]]) -> Data:
    layer = case.network.shares[node].layer
    fields = copy.deepcopy(case.layers[node.layer])
    fields.update({"from": short([source for part in parts for source in part]), "group": node.group})
    fields.pop("cross_group", None)
    if any(source.group != node.group for read in case.network.graph.reads[node] for source in read):
        fields["cross_group"] = True
    if layer.split_field is not None and len(case.network.graph.groups[node.layer]) > 1:
        fields[layer.split_field] = getattr(layer, layer.split_field)
    return fields
