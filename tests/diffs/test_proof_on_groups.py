"""What the proof of diffs takes for true of towers that changed places, and of a layer cut into shares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from editing.claims import failures, upstream
from editing.edit import Edited
from editing.known import spec
from editing.pair import Pair, Side
from specnet.syntax import document

pytestmark = pytest.mark.slow
CUT = """
    conv: {kind: conv, from: image, filters: 6, kernel: 5, group: g1}
    pool: {kind: avg_pool, from: conv, kernel: 3, stride: 2}
    side: {kind: SIDE, from: pool}
    row: {kind: global_avg_pool, from: image}
    fc: {kind: dense, from: row, units: 5, group: g0}
"""
"""Nothing reads `side`."""
TOWERS = """
    conv: {kind: conv, from: image, filters: 4, kernel: 5, stride: 3, activation: relu}
    both: {kind: multiply, from: [conv, conv], activation: tanh, cross_group: true}
    last: {kind: conv, from: both, filters: 4, kernel: 3, padding: 1}
    fc: {kind: dense, from: [conv, last], units: 5, group: g0, cross_group: false}
    early: {kind: dense, from: conv, units: 5, group: g1, cross_group: false}
"""
BOTH = (
    "{kind: sum, of: [{kind: softmax_cross_entropy, from: fc}, {kind: softmax_cross_entropy, from: early}]}"
)


def pair(before: str, after: str, edits: int, touched: set[str]) -> Pair:
    texts = (spec(layers, "[g0, g1]") for layers in (before, after))
    first, second = (Side(document.parse(_trained(text)).data()) for text in texts)
    return Pair(first, second, Edited(dict(second.data), edits, "open", touched=frozenset(touched)))


def _trained(text: str) -> str:
    """The spec with a loss that reads `early` as well, where there is one."""
    return text.replace("{kind: softmax_cross_entropy, from: fc}", BOTH) if "early" in text else text


@pytest.mark.parametrize(
    ("side", "effect"),
    [("conv, filters: 4, kernel: 3", "function"), ("batch_norm", "same")],
    ids=["all channels", "each of its own"],
)
def test_a_layer_above_one_cut_into_shares_is_another_if_it_reads_all_channels(
    side: str, effect: str
) -> None:
    before = CUT.replace("SIDE", side)
    made = pair(before, before.replace("group: g1", "group: [g0, g1]"), 1, {"conv"})
    assert made.effect == effect
    assert made.mapping.same_network == (effect == "same")
    assert not failures(made)


def exchanged() -> Pair:
    after = TOWERS.replace("g0", "g2").replace("g1", "g0").replace("g2", "g1")
    return pair(TOWERS, after, 2, {"fc", "early"})


def test_what_joins_shares_that_changed_places_has_their_channels_in_another_order() -> None:
    made = exchanged()
    assert made.mapping.same_network
    assert not failures(made)


def test_other_values_of_what_joins_shares_that_changed_places_are_seen() -> None:
    made = exchanged()
    entries = {
        place: replace(entry, pieces=tuple(piece._replace(columns=None) for piece in entry.pieces))
        for place, entry in made.mapping.entries.items()
    }
    made.__dict__["mapping"] = replace(made.mapping, entries=entries)
    assert "last.g0 does not depend on the edit" in next(upstream(made))
