"""Layers that are alike, by whose exchange two networks are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.diffs.change import Change
from specnet.diffs.edits import edits
from specnet.diffs.side import Side

MOST = 100
"""Pairs that are looked at. Of more, nobody would follow which they are."""


def exchanged(
    old: Side, new: Side, names: Mapping[str, str], changes: Sequence[Change]
) -> list[tuple[str, str]]:
    """Layers of the second network that are alike, where it is the first with these exchanged. `names` are
    new names of layers by their old ones. None where they are more than `MOST`."""
    found: list[tuple[str, str]] = []
    for change in changes:
        sides = change.before, change.after
        if change.field != "from" or not all(isinstance(side, list) for side in sides):
            continue
        moved = [(a, b) for a, b in zip(*sides, strict=False) if a != b]
        if len(found) + len(moved) > 2 * MOST:
            return []
        if sorted(change.before) == sorted(change.after) and all((b, a) in moved for a, b in moved):
            found += [(a, b) for place, (a, b) in enumerate(moved) if (b, a) not in moved[:place]]
    origins = {after: before for before, after in names.items()}
    exchanged_names = dict(names)
    for pair in found:
        _exchange(exchanged_names, origins, old, *pair)
    left = edits(old, new, exchanged_names) if found else []
    is_all = all(c.op == "rename" or not c.path.startswith("layers.") for c in left)
    return found if is_all else []


def _exchange(names: dict[str, str], origins: Mapping[str, str], old: Side, one: str, other: str) -> None:
    """Give two layers each other's names, and all that stands above one of them alone likewise."""
    waiting = [(origins[one], origins[other])] if one in origins and other in origins else []
    met = set[str]()
    while waiting:
        first, second = waiting.pop()
        if first == second or first in met or first not in names or second not in names:
            continue
        met |= {first, second}
        names[first], names[second] = names[second], names[first]
        waiting += zip(old.reads[first], old.reads[second], strict=False)
