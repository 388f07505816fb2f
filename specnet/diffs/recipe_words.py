"""Parts of a recipe that name layers, which may name the same ones in other words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from specnet.diffs.pairs import Pair
from specnet.diffs.side import Side
from specnet.recipe.rates import SETTINGS, in_turn
from specnet.recipe.training import Training

FROZEN, RATES = "training.frozen", "training.optimizer.rates"


def said_otherwise(old: Side, new: Side, pairs: Sequence[Pair]) -> set[str]:
    """The paths among these two at which both recipes say the same of all layers with parameters. Both specs
    are valid. Where such a layer stands in one of them alone, that cannot be said."""
    before, after = old.network, new.network
    assert before is not None
    assert after is not None
    nodes = [(olds[0], news[0]) for olds, news in pairs if olds and news]
    paired = {node for pair in pairs for nodes in pair for node in nodes}
    every = [*before.shares.items(), *after.shares.items()]
    if any(node not in paired and share.parameters() for node, share in every):
        return set()
    alike = (
        before.shares[one].layer.is_frozen == after.shares[other].layer.is_frozen for one, other in nodes
    )
    found = {FROZEN} if all(alike) else set[str]()
    recipes = old.spec.training, new.spec.training
    if recipes[0] is not None and recipes[1] is not None:
        rated = (
            _rates(recipes[0], one.layer, role) == _rates(recipes[1], other.layer, role)
            for one, other in nodes
            for role in after.shares[other].parameters()
        )
        found |= {RATES} if all(rated) else set()
    return found


def _rates(recipe: Training, layer: str, role: str) -> list[tuple[Any, ...]]:
    """What the entries that fit a parameter say, in turn."""
    entries: Iterable[Any] = in_turn(None, recipe.optimizer.rates)
    return [tuple(getattr(e, key) for key in SETTINGS) for e in entries if e.fits(layer, role)]
