"""Edits that are another way to write the same network."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from editing.data import edited, flat, fresh, placed_before, short, sources
from editing.edit import Case, Edited, kind, shuffled
from specnet.layers.window import Windowed
from specnet.recipe.initializers import DEFAULT
from specnet.spec.spec import load


@kind("reorder the file")
def reorder(case: Case, draw: random.Random) -> Iterator[Edited]:
    made = dict(shuffled(draw, case.data.items()))
    made["layers"] = {
        name: dict(shuffled(draw, case.layers[name].items())) for name in shuffled(draw, case.layers)
    }
    yield Edited(made, 0, "writing")


@kind("write the defaults out")
def write_defaults(case: Case, draw: random.Random) -> Iterator[Edited]:
    yield Edited(load(case.data).as_yaml(), 0, "writing")


@kind("write an inherited group out, or leave one out")
def write_groups(case: Case, draw: random.Random) -> Iterator[Edited]:
    graph = case.network.graph
    for name in shuffled(draw, case.made()):
        inherited = graph.groups[graph.layers[name].inputs[0]] == graph.groups[name]
        if case.layers[name].get("group") is None:
            yield Edited(edited(case.data, name, group=short(list(graph.groups[name]))), 0, "writing")
        elif inherited:
            yield Edited(edited(case.data, name, group=None), 0, "writing")


@kind("write a join as a concat layer")
def write_join(case: Case, draw: random.Random) -> Iterator[Edited]:
    """The concat layer is where its reader is, and crosses in its place."""
    graph = case.network.graph
    for name in shuffled(draw, case.made()):
        fields = case.layers[name]
        joins = any(len(read) > 1 for read in case.network.shares[graph.nodes[name][0]].reads)
        if not joins or not graph.layers[name].concatenates_inputs:
            continue
        join, own = fresh(case.data, f"{name}_inputs"), short(list(graph.groups[name]))
        crossing = {key: fields[key] for key in ("cross_group",) if key in fields}
        made = edited(case.data, name, from_=join, group=own, cross_group=None)
        added = {join: {"kind": "concat", "from": fields["from"], "group": own, **crossing}}
        yield Edited(placed_before(made, name, added), 0, "writing", added=frozenset({join}))


@kind("write a flatten before a dense layer")
def write_flatten(case: Case, draw: random.Random) -> Iterator[Edited]:
    """Each input is flattened by itself: channels come first, so they are joined to the same."""
    for name in shuffled(draw, case.made()):
        read = list(dict.fromkeys(sources(case.layers[name])))
        if case.layers[name]["kind"] != "dense" or any(len(case.network.output_shape(s)) == 1 for s in read):
            continue
        rows = {source: fresh(case.data, f"{source}_flat") for source in read}
        made = edited(case.data, name, from_=short([rows[source] for source in sources(case.layers[name])]))
        added = {row: {"kind": "flatten", "from": source} for source, row in rows.items()}
        yield Edited(placed_before(made, name, added), 0, "writing", added=frozenset(added))


@kind("write a padding another way")
def write_padding(case: Case, draw: random.Random) -> Iterator[Edited]:
    for name, layer in _windows(case, draw):
        pads = layer.window(_input(case, name))[0]
        four = [pads.top, pads.bottom, pads.left, pads.right]
        for padding in (four, "same") if layer.padding == "same" else ("same", four):
            if (
                padding == four
                and layer.padding != "same"
                and layer.rounding == "floor"
                and len({*four}) == 1
            ):
                continue  # four equal numbers are one number, and always were
            rounding = None if padding == "same" else "floor"
            yield from _alike(case, name, {"padding": padding, "rounding": rounding})


@kind("write a rounding that changes nothing")
def write_rounding(case: Case, draw: random.Random) -> Iterator[Edited]:
    for name, layer in _windows(case, draw):
        for rounding in shuffled(draw, {"floor", "ceil", "clip"} - {layer.rounding}):
            yield from _alike(case, name, {"rounding": rounding})


def _windows(case: Case, draw: random.Random) -> Iterator[tuple[str, Windowed]]:
    for name in shuffled(draw, case.made()):
        layer = case.network.graph.layers[name]
        if isinstance(layer, Windowed):
            yield name, layer


def _input(case: Case, name: str) -> tuple[int, ...]:
    return case.network.shares[case.network.graph.nodes[name][0]].inputs[0]


def _alike(case: Case, name: str, fields: dict[str, Any]) -> Iterator[Edited]:
    """The layer with other fields if it slides the same window over the same pixels."""
    layer, shape = case.network.graph.layers[name], _input(case, name)
    assert isinstance(layer, Windowed)
    written = load(edited(case.data, name, **fields)).layers[name]
    other = layer.model_copy(update={key: getattr(written, key) for key in fields})
    if other.padding == "same" and other.rounding != "floor":
        return
    if other.window(shape) == layer.window(shape) and other.rounded_up(shape) == layer.rounded_up(shape):
        yield Edited(edited(case.data, name, **fields), 0, "writing")


@kind("repeat the recipe's initializer on a layer")
def repeat_initializer(case: Case, draw: random.Random) -> Iterator[Edited]:
    initializer = case.data.get("training", {}).get("weights", DEFAULT.model_dump(mode="json"))
    for name in shuffled(draw, case.made()):
        if "weights" in type(case.network.graph.layers[name]).model_fields and not case.layers[name].get(
            "weights"
        ):
            yield Edited(edited(case.data, name, weights=copy.deepcopy(initializer)), 0, "writing")


@kind("reorder the inputs of an add or multiply")
def reorder_terms(case: Case, draw: random.Random) -> Iterator[Edited]:
    graph = case.network.graph
    for name in shuffled(draw, case.made()):
        read = sources(case.layers[name])
        order = shuffled(draw, read)
        if case.layers[name]["kind"] not in ("add", "multiply") or order == read:
            continue
        inherits = graph.groups[order[0]] == graph.groups[name] and case.layers[name].get("group") is None
        group = None if inherits else short(list(graph.groups[name]))
        yield Edited(edited(case.data, name, from_=order, group=group), 0, "writing")


@kind("write the layers of blocks in their places")
def write_blocks(case: Case, draw: random.Random) -> Iterator[Edited]:
    """The first spec is the one with blocks here."""
    if "blocks" in case.written:
        yield Edited(flat(case.written), 0, "writing", written=case.written)
