"""What is said of patterns of layers' names that fit none, wherever a recipe has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Rule
from specnet.diagnostics.suggestions import is_affordable, nearest, suggestion, surely_named
from specnet.network.partial import PartialNetwork
from specnet.network.sink import Sink
from specnet.recipe.patterns import hint_below, is_name
from specnet.syntax.document import Path_

MOST_TRIED = 1_000_000
"""Times that a pattern of a recipe may be tried on the name of a layer."""


def are_too_many(recipe: Any, layers: int) -> bool:
    """Whether a recipe, sound or not, has more patterns than can be tried on the names of so many layers.

    What names one layer is no pattern, and an entry of `rates` that is for all layers is one.
    """
    if not isinstance(recipe, Mapping):
        return False
    optimizer = recipe.get("optimizer")
    rates = optimizer.get("rates") if isinstance(optimizer, Mapping) else None
    entries = [entry for entry in _listed(rates) if isinstance(entry, Mapping)]
    every = [*_listed(recipe.get("frozen")), *(p for e in entries for p in _listed(e.get("layers", "*")))]
    return layers * sum(isinstance(one, str) and not is_name(one) for one in every) > MOST_TRIED


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def report_too_many(network: PartialNetwork, sink: Sink) -> None:
    """An error where a recipe has too many patterns, of which nothing else is said then."""
    if are_too_many(network.parts.recipe, len(network.parts.layers)):
        message = f"the recipe has more patterns than can be tried on {len(network.parts.layers):,} layers"
        hint = f"pattern by layer, that is more than {MOST_TRIED:,}: name layers, or write fewer patterns"
        sink.error(rules.TOO_LARGE, message, hint, ("training",), key=True)


def report_unfit(
    rule: Rule,
    where: str,
    place: Path_,
    patterns: Sequence[str],
    index: int,
    names: Collection[str],
    network: PartialNetwork,
    sink: Sink,
) -> None:
    """An error for one of the patterns at `place`. `where` is their key, `names` what may be meant.

    Nothing is said of one that may be for a misspelt name.
    """
    pattern = patterns[index]
    if nearest(pattern, network.parts.misnamed):
        return
    few = is_affordable(len(sink.diagnostics), len(names))
    hint = hint_below(pattern, names) or suggestion(pattern, names, noun="layer") if few else None
    message, fix = f"{where}: no layer's name fits '{pattern}'", None
    if is_name(pattern):
        message = f"{where}: there is no layer '{pattern}'"
        fix = sink.renaming(place, index, pattern, surely_named(pattern, names) if few else None)
    sink.error(rule, message, hint, at(place, index, patterns), fix)


def at(place: Path_, index: int, names: Sequence[str]) -> Path_:
    """Where one of the names stands: in a list of them, or by itself."""
    return (*place, index) if len(names) > 1 else place
