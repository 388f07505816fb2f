"""Pairs of which it is known how many edits lead from one to the other, and whether they are one network: all
that a diff says of them is held against that, and against the outputs of both."""

from __future__ import annotations

from editing import claims
from editing.edit import Edited
from editing.pair import Pair, Side
from specnet.syntax import document

CHECKS = (
    claims.count,
    claims.same,
    claims.complete,
    claims.words,
    claims.counted,
    claims.mirror,
    claims.json_applied,
)
"""What is said of any pair, whatever the edit; a name may stand for a layer that it was not."""


def spec(layers: str, groups: str = "[g0]", recipe: str = "") -> str:
    """A spec with an image of 17 x 17 pixels and a line for each further layer; the loss reads fc."""
    lines = "".join(f"  {line.strip()}\n" for line in layers.strip().splitlines())
    return (
        f"specnet: 1\nname: pair\ngroups: {groups}\n"
        f"layers:\n  image: {{kind: input, shape: [3, 17, 17]}}\n{lines}"
        f"training:\n  loss: {{kind: softmax_cross_entropy, from: fc}}\n"
        f"  optimizer: {{kind: sgd, learning_rate: 0.1}}\n{recipe}"
    )


def pair(before: str, after: str, edits: int, *, same: bool) -> Pair:
    first, second = (Side(document.parse(text).data()) for text in (before, after))
    return Pair(first, second, Edited(dict(second.data), edits, "same" if same else "function"))


def said_truly(before: str, after: str, edits: int, *, same: bool) -> list[str]:
    """What is told of a pair, once all of it has been found to be true, in both directions."""
    for one, other in ((after, before), (before, after)):
        made = pair(one, other, edits, same=same)
        wrong = [f"{check.__name__}: {message}" for check in CHECKS for message in check(made)]
        assert not wrong
        assert made.answers_are_equal == same == made.mapping.same_network
        assert not (same and made.mapping.anew)
    return [str(change) for change in made.diff.changes]
