"""Edits that are names: of layers, of groups, and of all layers that follow a new one."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import networkx

from editing.data import Data, edited, fresh, on_groups, placed_before, renamed, sources
from editing.edit import Case, Edited, kind, shuffled


@kind("rename a layer")
def rename(case: Case, draw: random.Random) -> Iterator[Edited]:
    for old in shuffled(draw, case.layers):
        new = fresh(case.data, draw.choice((f"{old}_new", "other", f"{old[:-1] or 'x'}9")))
        yield Edited(renamed(case.data, {old: new}), 1, "same", {new: old})


@kind("swap two layers' names")
def swap_names(case: Case, draw: random.Random) -> Iterator[Edited]:
    for one in shuffled(draw, case.made()):
        for other in shuffled(draw, case.made()):
            if one != other:
                names = {one: other, other: one}
                yield Edited(renamed(case.data, names), 2, "same", names)


@kind("rename groups")
def rename_groups(case: Case, draw: random.Random) -> Iterator[Edited]:
    chosen = shuffled(draw, case.groups)[: draw.randint(1, len(case.groups))]
    names = {group: f"device{n}" for n, group in enumerate(chosen)}
    yield Edited(
        on_groups(case.data, names), len(chosen), "same", {}, {new: old for old, new in names.items()}
    )


@kind("swap two groups' names")
def swap_group_names(case: Case, draw: random.Random) -> Iterator[Edited]:
    if len(case.groups) > 1:
        one, other = shuffled(draw, case.groups)[:2]
        names = {one: other, other: one}
        yield Edited(on_groups(case.data, names), 2, "same", {}, names)


@kind("insert a layer and renumber those that follow")
def renumber(case: Case, draw: random.Random) -> Iterator[Edited]:
    """The new layer bears the name of the next one of its kind, which bears that of the one after it."""
    for first in shuffled(draw, case.made()):
        fields = case.layers[first]
        below = networkx.descendants(case.network.graph.names, first)
        alike = [name for name in case.made() if case.layers[name]["kind"] == fields["kind"]]
        following = [first, *(name for name in alike if name in below)]
        read = sources(fields)
        if len(following) < 2 or len(read) != 1 or case.network.graph.layers[read[0]].is_input:
            continue
        names = dict(zip(following, [*following[1:], fresh(case.data, f"{fields['kind']}99")], strict=True))
        added = {**as_wide(case, fields, read[0]), "from": names.get(read[0], read[0])}
        made = placed_before(renamed(case.data, names), names[first], {first: added})
        yield Edited(
            edited(made, names[first], from_=first),
            1 + len(following),
            "training" if drops(fields) else "function",
            {new: old for old, new in names.items()},
            added=frozenset({first}),
            touched=frozenset({first}),
        )


def as_wide(case: Case, fields: Data, source: str) -> Data:
    """The fields of a layer like another one, whose output has as many numbers as what it reads."""
    shape = case.network.output_shape(source)
    kept = {key: value for key, value in fields.items() if key not in ("group", "weight_shape", "bias_shape")}
    if "filters" in kept:
        kept.update(filters=shape[0], kernel=1, stride=1, padding=0, dilation=1, groups=1, rounding="floor")
    return {**kept, "units": math.prod(shape)} if "units" in kept else kept


def drops(fields: Data) -> bool:
    """Whether a layer does nothing but in training."""
    return fields["kind"] in ("dropout", "stochastic_depth") and fields.get("scale_at") != "test"
