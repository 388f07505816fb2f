"""What is said of patterns of layers' names that fit none, wherever a recipe has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specnet.diagnostics.diagnostic import Rule
from specnet.diagnostics.suggestions import nearest, suggestion, surely_named
from specnet.network.partial import PartialNetwork
from specnet.network.sink import Sink
from specnet.recipe.patterns import hint_below, is_name
from specnet.syntax.document import Path_


def report_unfit(
    rule: Rule,
    where: str,
    place: Path_,
    patterns: Sequence[str],
    index: int,
    names: Iterable[str],
    network: PartialNetwork,
    sink: Sink,
) -> None:
    """An error for one of the patterns at `place`. `where` is their key, `names` what may be meant.

    Nothing is said of one that may be for a misspelt name.
    """
    pattern, known = patterns[index], list(names)
    if nearest(pattern, network.parts.misnamed):
        return
    hint = hint_below(pattern, known) or suggestion(pattern, known, noun="layer")
    message, fix = f"{where}: no layer's name fits '{pattern}'", None
    if is_name(pattern):
        message = f"{where}: there is no layer '{pattern}'"
        fix = sink.renaming(place, index, pattern, surely_named(pattern, known))
    sink.error(rule, message, hint, at(place, index, patterns), fix)


def at(place: Path_, index: int, names: Sequence[str]) -> Path_:
    """Where one of the names stands: in a list of them, or by itself."""
    return (*place, index) if len(names) > 1 else place
