"""Parts of a recipe that name layers, which may name the same ones in other words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from specnet.diffs.pairs import Pair
from specnet.network.network import Network
from specnet.recipe.rates import SETTINGS, in_turn

FROZEN, RATES = "training.frozen", "training.optimizer.rates"


def said_otherwise(before: Network, after: Network, pairs: Sequence[Pair]) -> set[str]:
    """The paths among these two at which both recipes say the same of all layers that stand in both."""
    nodes = [(olds[0], news[0]) for olds, news in pairs if olds and news]
    alike = (before.shares[old].layer.is_frozen == after.shares[new].layer.is_frozen for old, new in nodes)
    found = {FROZEN} if all(alike) else set[str]()
    if before.spec.training is not None and after.spec.training is not None:
        rated = (
            _rates(before, old.layer, role) == _rates(after, new.layer, role)
            for old, new in nodes
            for role in after.shares[new].parameters()
        )
        found |= {RATES} if all(rated) else set()
    return found


def _rates(network: Network, layer: str, role: str) -> list[tuple[Any, ...]]:
    """What the entries that fit a parameter say, in turn."""
    assert network.spec.training is not None
    entries: Iterable[Any] = in_turn(None, network.spec.training.optimizer.rates)
    return [tuple(getattr(e, key) for key in SETTINGS) for e in entries if e.fits(layer, role)]
