"""Whatever two specs are, what follows can be told, is plain JSON, and the other way round is its mirror."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import specnet
from specnet.diffs.consequence_lines import LINES
from specnet.testing.random_specs import random_spec


def pairs(found: Any) -> Iterator[tuple[str, str]]:
    """What stands under `before` and `after`, wherever both do, whatever it is the pair of."""
    if isinstance(found, dict):
        if {"before", "after"} <= found.keys():
            yield repr(found["before"]), repr(found["after"])
        else:
            for value in found.values():
                yield from pairs(value)
    elif isinstance(found, list):
        for value in found:
            yield from pairs(value)


@pytest.mark.parametrize("seed", range(0, 80, 2))
def test_what_follows_can_be_told_and_has_a_mirror(seed: int) -> None:
    specs = [random_spec(number) for number in (seed, seed + 1)]
    there, back = specnet.diff(*specs).consequences, specnet.diff(*specs[::-1]).consequences
    assert there is not None
    assert back is not None
    assert len(there.lines()) <= LINES
    assert len(there.lines(everything=True)) >= len(there.lines())
    sides = [json.loads(json.dumps(side.as_json(), allow_nan=False)) for side in (there, back)]
    assert Counter(pairs(sides[0])) == Counter((before, after) for after, before in pairs(sides[1]))
