"""Merges of random networks and their edits, of which it is known what they have to say."""

from __future__ import annotations

import random

import pytest

from editing import KINDS
from editing.data import Data
from editing.edit import Edited, edit
from editing.networks import networks
from specnet.diffs.diff import compare
from specnet.merging.merge import merge
from specnet.network.network import examine
from specnet.syntax.amending import amended
from specnet.syntax.document import Document, parse

pytestmark = pytest.mark.slow
SEEDS = (3, 13)
"""Of random networks; the second has blocks."""
PAIRS = 8
"""Pairs of edits for each network, besides each edit alone."""


def written(data: Data) -> Document:
    """A spec one layer a line."""
    return amended(parse("a: 1"), data)


def changes(text: str, expected: Document) -> list[str]:
    """What a merged text says otherwise than it should."""
    return [str(change) for change in compare(examine(parse(text)), examine(expected)).changes]


def edits(seed: int) -> list[tuple[str, Data, dict[str, Edited]]]:
    """Networks, each with its edits by their kinds."""
    found = []
    for name, case in networks(1, seed):
        made = {kind: edit(kind, case, seed) for kind in KINDS}
        found.append((name, case.data, {kind: pair[0] for kind, pair in made.items() if pair}))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_edits_of_one_side_or_alike_are_merged_as_they_are(seed: int) -> None:
    for name, data, made in edits(seed):
        for kind, one in made.items():
            base, side = written(dict(one.written or data)), written(one.data)
            for ours, theirs in ((side, base), (base, side), (side, side)):
                done = merge(base, ours, theirs)
                assert done.conflicts == (), (name, kind)
                assert changes(done.text, side) == [], (name, kind)
            assert merge(base, side, base).text == side.root.source.text


@pytest.mark.parametrize("seed", SEEDS)
def test_edits_of_both_sides_are_merged_the_same_in_either_order(seed: int) -> None:
    done = 0
    for name, data, made in edits(seed):
        draw, base = random.Random(name), written(data)
        kinds = [kind for kind, one in made.items() if one.written is None]
        for _ in range(PAIRS):
            one, other = draw.sample(kinds, 2)
            sides = written(made[one].data), written(made[other].data)
            there, back = merge(base, *sides), merge(base, *reversed(sides))
            assert bool(there.conflicts) == bool(back.conflicts), (name, one, other)
            if not there.conflicts:
                done += 1
                assert changes(there.text, parse(back.text)) == [], (name, one, other)
    assert done > PAIRS // 2
