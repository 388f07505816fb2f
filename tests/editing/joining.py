"""Edits of the order in which inputs are joined, and two edits at once."""

from __future__ import annotations

import random
from collections.abc import Iterator

from editing.data import edited, readers, short, sources
from editing.edit import KINDS, Case, Edited, Effect, edit, kind, shuffled
from specnet.spec.spec import load

JOINED = "reorder the inputs of a join"


@kind(JOINED)
def reorder_join(case: Case, draw: random.Random) -> Iterator[Edited]:
    """The weights of what reads them fit after a permutation, where each of them is for one channel."""
    graph = case.network.graph
    for name in shuffled(draw, case.made()):
        read = sources(case.layers[name])
        order = shuffled(draw, read)
        if order == read or not graph.layers[name].concatenates_inputs:
            continue
        inherits = graph.groups[order[0]] == graph.groups[name] and case.layers[name].get("group") is None
        group = None if inherits else short(list(graph.groups[name]))
        made = edited(case.data, name, from_=order, group=group)
        reading = readers(case.data, name) if case.layers[name]["kind"] == "concat" else [name]
        effect: Effect = (
            "same" if reading and all(_weighs_channels(case, one) for one in reading) else "function"
        )
        yield Edited(made, 1, effect, touched=frozenset({name}))


def _weighs_channels(case: Case, name: str) -> bool:
    """Whether a layer has weights for every channel that it reads, which may stand in any order."""
    fields = case.layers[name]
    return fields["kind"] == "dense" or bool(fields["kind"] == "conv" and fields.get("groups", 1) == 1)


EFFECTS: tuple[Effect, ...] = ("writing", "same", "open", "training", "function")
"""Of two at once, the later one is that of both, but that `training` and `open` may be any function."""


@kind("two edits at once")
def two_at_once(case: Case, draw: random.Random) -> Iterator[Edited]:
    names = [
        name
        for name in KINDS
        if name not in ("two edits at once", "write the layers of blocks in their places")
    ]
    for _ in range(6):
        first, second = (draw.choice(names) for _ in range(2))
        begun = edit(first, case, draw.randrange(10**6))
        between = Case.of(begun[0].data) if begun else None
        ended = edit(second, between, draw.randrange(10**6)) if between else None
        if not (begun and ended) or load(ended[0].data).as_yaml() == load(case.data).as_yaml():
            continue
        kept = {ended[0].origin(name) for name in ended[0].data["layers"]}
        if begun[0].halved <= kept and not _are_apart(begun[0], ended[0]):
            yield both(begun[0], ended[0])  # with one of its halves gone, a layer has become another kind


def _are_apart(first: Edited, second: Edited) -> bool:
    """Whether two layers that the first edit wrote for one stand in two places after the second one, which
    no file can say in one change."""
    halves = set[tuple[str, str]]()
    for name in first.added if first.edits == 0 else ():
        layer = first.data["layers"][name]
        if layer["kind"] == "activation":
            halves.update((source, name) for source in sources(layer))
        elif layer["kind"] == "pad":
            halves.update((name, reader) for reader in readers(first.data, name))
    layers = second.data["layers"]
    origins = {name: second.origin(name) for name in layers}
    near = {(origins.get(s), origins[name]) for name, layer in layers.items() for s in sources(layer)}
    return any({*pair} <= {*origins.values()} and pair not in near for pair in halves)


def both(first: Edited, second: Edited) -> Edited:
    """What is true of two edits one after another."""
    between = {name: second.origin(name) for name in second.data["layers"]}
    added = {name for name, old in between.items() if old is None or old in first.added}
    origins = {name: first.origin(old) for name, old in between.items() if old is not None}
    groups = {**first.group_origins}
    for new, old in second.group_origins.items():
        groups[new] = first.group_origins.get(old, old)
    touched = {name for name, old in between.items() if old in first.touched}
    halved = {name for name, old in between.items() if old in first.halved}
    effect = max(first.effect, second.effect, key=EFFECTS.index)
    if {first.effect, second.effect} == {"training", "open"}:
        effect = "function"
    return Edited(
        second.data,
        first.edits + second.edits,
        effect,
        {name: old for name, old in origins.items() if old is not None and old != name},
        groups,
        frozenset(added),
        frozenset(touched | second.touched),
        frozenset(halved | second.halved),
    )
