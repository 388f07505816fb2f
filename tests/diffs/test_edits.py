"""The edits that diffs are proven with are what they are said to be, before any diff is asked."""

from __future__ import annotations

import pytest

from editing.edit import edit
from editing.networks import FAMILIES, family
from editing.outputs import STATES, Running, carried_truly, same_answers

pytestmark = pytest.mark.slow
SEEDS = range(3)
KEEPING = (
    "rename a layer",
    "swap two layers' names",
    "rename groups",
    "swap two groups' names",
    "change the recipe",
    "rename the network",
    "write split layers in the long form",
    "reorder the file",
    "write the defaults out",
    "write an inherited group out, or leave one out",
    "write a join as a concat layer",
    "write a flatten before a dense layer",
    "write a padding another way",
    "write a rounding that changes nothing",
    "repeat the recipe's initializer on a layer",
    "reorder the inputs of an add or multiply",
)


@pytest.mark.parametrize("kind", KEEPING)
def test_an_edit_that_keeps_the_function_keeps_the_answers(kind: str) -> None:
    """With weights that are carried as the edit itself says."""
    held = 0
    for case, seed in ((family(name, seed), seed) for name in FAMILIES for seed in SEEDS):
        made = edit(kind, case, seed)
        if made is None:
            continue
        before, after = Running(case.network), Running(made[1])
        for state in STATES:
            values = carried_truly(made[0], before, after, before.state(state))
            new = after.values(values, before.images(state))
            assert same_answers(before, after, before.own_values(state), new)
        held += made[0].effect in ("writing", "same")
    assert held
