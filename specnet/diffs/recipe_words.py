"""Parts of a recipe that name layers, which may name the same ones in other words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from specnet.diffs.pairs import Pair
from specnet.diffs.side import Side
from specnet.recipe.patterns import fits, is_name
from specnet.recipe.rates import SETTINGS, LayerRates, in_turn
from specnet.recipe.training import Training

FROZEN, RATES = "training.frozen", "training.optimizer.rates"


def said_otherwise(old: Side, new: Side, pairs: Sequence[Pair]) -> set[str]:
    """The paths among these two at which both recipes say the same of all layers with parameters.

    Both specs are valid. Of a layer that stands in one of them alone, the other's patterns must say the same.
    """
    before, after = old.network, new.network
    assert before is not None
    assert after is not None
    first, second = old.spec.training, new.spec.training
    if first is None or second is None:
        return set()
    nodes = [(olds[0], news[0]) for olds, news in pairs if olds and news]
    paired = {node for pair in pairs for nodes in pair for node in nodes}
    lone = [
        (own, other, node.layer, tuple(share.parameters()))
        for network, own, other in ((before, first, second), (after, second, first))
        for node, share in network.shares.items()
        if node not in paired and share.parameters()
    ]
    found = set[str]()
    if all(
        before.shares[one].layer.is_frozen == after.shares[other].layer.is_frozen for one, other in nodes
    ) and all(_fits(own.frozen, name) == _may_fit(other.frozen, name) for own, other, name, _ in lone):
        found.add(FROZEN)
    if all(
        _rates(first, one.layer, role) == _rates(second, other.layer, role)
        for one, other in nodes
        for role in after.shares[other].parameters()
    ) and all(
        _rates(own, name, role) == _rates(other, name, role, is_there=False)
        for own, other, name, roles in lone
        for role in roles
    ):
        found.add(RATES)
    return found


def _rates(recipe: Training, layer: str, role: str, *, is_there: bool = True) -> list[tuple[Any, ...]]:
    """What the entries that fit a parameter say, in turn; those of a layer that is not there, by patterns."""
    entries: Iterable[LayerRates] = in_turn(None, recipe.optimizer.rates)
    return [
        tuple(getattr(e, key) for key in SETTINGS)
        for e in entries
        if e.fits(layer, role) and (is_there or e.layers is None or _may_fit(e.layers, layer))
    ]


def _fits(patterns: Iterable[str], name: str) -> bool:
    return any(fits(pattern, name) for pattern in patterns)


def _may_fit(patterns: Iterable[str], name: str) -> bool:
    """Whether patterns of a spec fit a name that is none of a layer there, or of another one."""
    return _fits((pattern for pattern in patterns if not is_name(pattern)), name)
