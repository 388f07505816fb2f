"""Whatever two specs are, what follows can be told, is plain JSON, and the other way round is its mirror."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

import specnet
from specnet.diffs.consequence_lines import LINES
from specnet.diffs.edges import edge_changes
from specnet.diffs.fields import field_changes
from specnet.diffs.pairs import Pair, by_name
from specnet.diffs.recipe_consequences import recipe_consequences
from specnet.diffs.shapes import shape_changes
from specnet.network.network import Network
from specnet.tables import build
from specnet.testing.random_specs import network_of, random_spec


def followed(before: Network, after: Network, pairs: Sequence[Pair]) -> list[Any]:
    recipe = recipe_consequences(before, after)
    tables = build.make(before), build.make(after)
    return [
        [edge.as_json() for edge in edge_changes(before, after, pairs)],
        [{"before": was, "after": now} for _, was, now in shape_changes(before, after, pairs)],
        field_changes(before, after, *tables, pairs).as_json(),
        recipe.as_json() if recipe else None,
    ]


def sides(found: Any) -> Iterator[tuple[str, str]]:
    """What stands under `before` and `after`, wherever both do, whatever it is the pair of."""
    if isinstance(found, dict):
        if {"before", "after"} <= found.keys():
            yield repr(found["before"]), repr(found["after"])
        else:
            for value in found.values():
                yield from sides(value)
    elif isinstance(found, list):
        for value in found:
            yield from sides(value)


@pytest.mark.parametrize("seed", range(0, 80, 2))
def test_what_follows_has_a_mirror(seed: int) -> None:
    before, after = (network_of(random_spec(number)) for number in (seed, seed + 1))
    pairs = by_name(before, after, {})
    there = followed(before, after, pairs)
    back = followed(after, before, [(news, olds) for olds, news in pairs])
    assert Counter(sides(there)) == Counter((was, now) for now, was in sides(back))


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_what_follows_can_be_told(seed: int) -> None:
    found = specnet.diff(random_spec(seed), random_spec(seed + 1)).consequences
    assert found is not None
    assert len(found.lines()) <= LINES
    assert len(found.lines(everything=True)) >= len(found.lines())
    assert json.dumps(found.as_json(), allow_nan=False)
