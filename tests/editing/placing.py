"""Edits that are places: a layer on other groups, towers that change places, groups in another order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

from editing.data import Data, edited, listed, on_groups, short
from editing.edit import Case, Edited, kind, shuffled
from specnet.diagnostics import rules
from specnet.network.network import examine

ROUNDS = 6
"""Crossings that a moved layer may ask for, one after another."""


@kind("move a layer to other groups")
def regroup(case: Case, draw: random.Random) -> Iterator[Edited]:
    """What reads it declares the crossing, each of which is an edit, too."""
    for layer in shuffled(draw, case.made()):
        own = list(case.network.graph.groups[layer])
        written = case.layers[layer].get("group") is not None
        for chosen in shuffled(draw, [*_subsets(case.groups), *([None] if written else [])]):
            if chosen == own:
                continue
            made = _crossings_mended(edited(case.data, layer, group=short(chosen) if chosen else None))
            if made is None:
                continue
            changed = {name for name, fields in made["layers"].items() if fields != case.layers[name]}
            crossed = [name for name in changed if _crosses(made, name) != _crosses(case.data, name)]
            yield Edited(made, 1 + len(crossed), "open", touched=frozenset({layer, *changed}))


def _subsets(groups: list[str]) -> list[list[str]]:
    sizes = range(1, len(groups) + 1)
    return [list(chosen) for size in sizes for chosen in combinations(groups, size)]


def _crosses(data: Data, layer: str) -> bool:
    return bool(data["layers"][layer].get("cross_group"))


def _crossings_mended(data: Data) -> Data | None:
    """A copy with the crossings declared that there are, and no others; None if it is not valid then."""
    for _ in range(ROUNDS):
        errors = examine(data).errors
        if not errors:
            return data
        for error in errors:
            if error.rule not in (rules.UNDECLARED_CROSSING, rules.NEEDLESS_CROSSING):
                return None
            layer = error.message.split("'")[1]
            data = edited(data, layer, cross_group=error.rule is rules.UNDECLARED_CROSSING or None)
    return None


@kind("swap the places of two groups' layers")
def swap_places(case: Case, draw: random.Random) -> Iterator[Edited]:
    """Towers change places; the order of the groups stays as it is."""
    if len(case.groups) < 2:
        return
    one, other = shuffled(draw, case.groups)[:2]
    made = {**on_groups(case.data, {one: other, other: one}), "groups": case.groups}
    moved = frozenset(
        name for name, fields in made["layers"].items() if _groups(fields) != _groups(case.layers[name])
    )
    if moved:
        yield Edited(made, len(moved), "open", touched=moved)


def _groups(fields: Data) -> set[str]:
    return set(listed(fields.get("group") or []))


@kind("list the groups in another order")
def reorder_groups(case: Case, draw: random.Random) -> Iterator[Edited]:
    """What reads the shares of several groups reads them in that order."""
    order = shuffled(draw, case.groups)
    if order != case.groups:
        crossing = frozenset(name for name in case.layers if _crosses(case.data, name))
        yield Edited({**case.data, "groups": order}, 1, "open", touched=crossing)
