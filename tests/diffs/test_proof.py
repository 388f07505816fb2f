"""A small run of the proof of diffs, always the same one: `make diffs` takes 500 networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from editing import KINDS
from editing.claims import failures
from editing.edit import edit
from editing.networks import FAMILIES, family, networks
from editing.pair import Pair, Side
from editing.proof import Tally, prove

pytestmark = pytest.mark.slow
BLOCKS = 13
"""The seed of a random network with blocks."""


@pytest.fixture(scope="module")
def tally() -> Tally:
    return prove([*networks(4, BLOCKS), *((name, family(name, 0)) for name in FAMILIES)], 0)


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_is_said_of_edits_is_true(tally: Tally, kind: str) -> None:
    assert tally.figures[kind].pairs
    own = Tally({kind: tally.figures[kind]}, [failed for failed in tally.failures if failed.kind == kind])
    assert not own.failures, "\n".join(own.report())


def pair(kind: str) -> Pair:
    case = family("residual", 1)
    made = edit(kind, case, 0)
    assert made is not None
    return Pair(Side(case.data), Side(made[0].data), made[0])


def mapping_lies(made: Pair, **fields: Any) -> None:
    made.__dict__["mapping"] = replace(made.mapping, **fields)


def told_twice(made: Pair) -> None:
    made.__dict__["diff"] = replace(made.diff, changes=made.diff.changes * 2)


def told_nothing(made: Pair) -> None:
    made.__dict__["diff"] = replace(made.diff, changes=())


def another_network(made: Pair) -> None:
    mapping_lies(made, same_network=False)


def same_network(made: Pair) -> None:
    mapping_lies(made, same_network=True)


def exchanged(made: Pair) -> None:
    """Values of one shape change places."""
    entries = dict(made.mapping.entries)
    one, other = (place for place in entries if str(place) in ("conv1.1.g0.weight", "conv2.1.g0.weight"))
    entries[one], entries[other] = entries[other], entries[one]
    mapping_lies(made, entries=entries)


def all_anew(made: Pair) -> None:
    mapping_lies(made, entries={}, anew=(*made.mapping.entries, *made.mapping.anew))


def called_joined(made: Pair) -> None:
    entries = {place: replace(entry, how="joined") for place, entry in made.mapping.entries.items()}
    mapping_lies(made, entries=entries)


def counted_low(made: Pair) -> None:
    assert made.diff.consequences is not None
    consequences = replace(made.diff.consequences, weights=(1, 2))
    made.__dict__["diff"] = replace(made.diff, consequences=consequences)


def forgotten(made: Pair) -> None:
    mapping_lies(made, entries=dict(list(made.mapping.entries.items())[1:]))


def one_way(made: Pair) -> None:
    made.__dict__["reversed"] = made.diff


LIES = [
    ("rename a layer", told_twice, "count"),
    ("change one field", told_nothing, "count"),
    ("rename a layer", another_network, "same"),
    ("insert a conv or dense layer", same_network, "same"),
    ("rename a layer", exchanged, "carried"),
    ("rename a layer", forgotten, "complete"),
    ("rename a layer", all_anew, "anew"),
    ("rename a layer", called_joined, "words"),
    ("rename a layer", counted_low, "counted"),
    ("insert a conv or dense layer", exchanged, "upstream"),
    ("rename a layer", one_way, "mirror"),
    ("change one field", told_nothing, "json_applied"),
]


@pytest.mark.parametrize(("kind", "lie", "claim"), LIES, ids=lambda part: getattr(part, "__name__", part))
def test_the_proof_sees_every_kind_of_lie(kind: str, lie: Any, claim: str) -> None:
    made = pair(kind)
    assert not failures(made)
    made = pair(kind)
    lie(made)
    assert claim in {failure.claim for failure in failures(made)}
