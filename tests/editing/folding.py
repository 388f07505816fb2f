"""Edits that write one layer as two that do the same, or two as one, or as another kind."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from editing.changing import field_changes
from editing.data import Data, edited, fresh, heads, placed_before, readers, renamed, sources
from editing.edit import Case, Edited, kind, shuffled
from specnet.layers.conv import Convolution
from specnet.layers.pad import Pad
from specnet.layers.pool import GlobalAvgPool, GlobalPool
from specnet.layers.weighted import Activated


@kind("write an activation function as a layer, or as a field")
def write_activation(case: Case, draw: random.Random) -> Iterator[Edited]:
    for name in shuffled(draw, case.made()):
        layer = case.network.graph.layers[name]
        if isinstance(layer, Activated) and layer.activation is not None:
            own = case.layers[name]["activation"]
            act = fresh(case.data, f"{name}_act")
            made = _instead(edited(case.data, name, activation=None), name, act)
            made["layers"][act] = {"kind": "activation", "from": name, "function": own}
            yield Edited(made, 0, "writing", added=frozenset({act}), halved=frozenset({name}))
        elif layer.kind == "activation" and (below := _alone_below(case, name)) is not None:
            if "activation" in case.layers[below] or not isinstance(
                case.network.graph.layers[below], Activated
            ):
                continue
            made = edited(case.data, below, activation=case.layers[name]["function"])
            del made["layers"][name]
            yield Edited(_instead(made, name, below), 0, "writing")


@kind("write zeros around an image as a layer, or as padding")
def write_zeros(case: Case, draw: random.Random) -> Iterator[Edited]:
    graph = case.network.graph
    for name in shuffled(draw, case.made()):
        layer = graph.layers[name]
        if not isinstance(layer, Convolution):
            continue
        shape = case.network.shares[graph.nodes[name][0]].inputs[0]
        pads = layer.window(shape)[0]
        place = {"group": list(graph.groups[name])}
        read = sources(case.layers[name])
        below = graph.layers.get(read[0])
        if isinstance(below, Pad) and _alone_below(case, name) and min(below.padding) >= 0:
            padding = [one + other for one, other in zip(below.padding, pads, strict=True)]
            made = edited(case.data, name, from_=case.layers[read[0]]["from"], padding=padding, rounding=None)
            made["layers"][name] |= place
            del made["layers"][read[0]]
            yield Edited(made, 0, "writing")
        elif any(pads) and len(read) == 1 and not layer.cross_group and layer.rounding == "floor":
            zeros = fresh(case.data, f"{name}_zeros")
            made = edited(case.data, name, from_=zeros, padding=None)
            added = {zeros: {"kind": "pad", "from": read[0], "padding": list(pads), **place}}
            yield Edited(placed_before(made, name, added), 0, "writing", added=frozenset({zeros}))


@kind("write a pool of all the image another way")
def write_global_pool(case: Case, draw: random.Random) -> Iterator[Edited]:
    """As an image of one pixel, and as a pool with a window."""
    graph = case.network.graph
    for name in shuffled(draw, case.made()):
        layer, read = graph.layers[name], readers(case.data, name)
        if not isinstance(layer, GlobalPool) or name in heads(case.data):
            continue
        if not read or any(
            case.layers[r]["kind"] != "dense" or len(sources(case.layers[r])) > 1 for r in read
        ):
            continue
        kernel = list(case.network.shares[graph.nodes[name][0]].inputs[0][1:])
        window = "avg_pool" if isinstance(layer, GlobalAvgPool) else "max_pool"
        forms: list[dict[str, Any]] = [
            {"kind": window, "kernel": kernel, "keep_dims": None},
            {"keep_dims": None if layer.keep_dims else True},
        ]
        for fields in shuffled(draw, forms):
            yield Edited(edited(case.data, name, **fields), 0, "writing", halved=frozenset({name}))


@kind("write an activation function elsewhere and change a layer")
def change_beside(case: Case, draw: random.Random) -> Iterator[Edited]:
    for written in write_activation(case, draw):
        other = Case.of(written.data)
        for name in shuffled(draw, [n for n in other.live() if n in case.layers and n not in written.added]):
            if _is_near(other.layers, case.layers, name):
                continue
            for change in field_changes(other, name, draw):
                yield replace(change, added=written.added, halved=written.halved)


def _is_near(layers: Mapping[str, Data], before: Mapping[str, Data], name: str) -> bool:
    """Whether a layer is the one whose function was written elsewhere."""
    return layers[name].get("activation") != before[name].get("activation")


def _alone_below(case: Case, name: str) -> str | None:
    """What a layer reads, where that is one layer on the same groups that nothing else reads."""
    graph, read = case.network.graph, sources(case.layers[name])
    if len(read) != 1 or case.layers[name].get("cross_group") or graph.layers[read[0]].is_input:
        return None
    below = read[0]
    alone = readers(case.data, below) == [name] and below not in heads(case.data)
    return below if alone and graph.groups[below] == graph.groups[name] else None


def _instead(data: Data, old: str, new: str) -> Data:
    """The data in which whatever read one layer reads another, by the name alone."""
    own = data["layers"].get(old)
    rest = {**data, "layers": {name: layer for name, layer in data["layers"].items() if name != old}}
    made = renamed(rest, {old: new})
    kept = data.get("training", {})
    if "training" in made:
        for place, was in (
            (made["training"], kept),
            *zip(
                made["training"].get("optimizer", {}).get("rates", ()),
                kept.get("optimizer", {}).get("rates", ()),
                strict=True,
            ),
        ):
            for key in ("frozen", "layers"):
                if key in was:
                    place[key] = list(was[key])
    if own is not None:
        made["layers"] = {name: own if name == old else made["layers"][name] for name in data["layers"]}
    return made
