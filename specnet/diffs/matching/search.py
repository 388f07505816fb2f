"""The matching of two specs' layers that leaves the fewest changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from specnet.diffs.change import Change
from specnet.diffs.edits import edits, rank
from specnet.diffs.matching.by_name import by_name
from specnet.diffs.matching.by_structure import by_structure
from specnet.diffs.side import Side

NAME_COUNTS = (3.0, 0.5)
"""How much an equal name speaks for a pair, in the matchings by structure that are tried."""
TRIED = 200
"""Exchanges that are tried on a matching."""
MOST_LAYERS, MOST_CHANGES = 200, 12
"""Layers and changes up to which exchanges are tried, each of which compares the specs anew."""
BY_NAME_ALONE = 50_000
"""Layers beyond which those that bear one name are one layer."""

Names = dict[str, str]


def matched(old: Side, new: Side) -> tuple[Names, list[Change]]:
    """The names in the second spec of the layers of the first that stand in both, and the changes that are
    left. Names are believed unless something else leaves fewer changes. The other way round, the same layers
    are matched."""
    names = by_name(old, new)
    found = edits(old, new, names)
    if len(found) <= 1 or max(len(old.layers), len(new.layers)) > BY_NAME_ALONE:
        return names, found
    if (len(old.layers), repr(old.data)) > (len(new.layers), repr(new.data)):
        back = _best(new, old, {after: before for before, after in names.items()})
        best = {before: after for after, before in back.items()}
    else:
        best = _best(old, new, names)
    return best, found if best == names else edits(old, new, best)


def _best(old: Side, new: Side, names: Names) -> Names:
    """The best matching that is found, from that by name."""
    found = edits(old, new, names)
    for counts in NAME_COUNTS:
        other = by_structure(old, new, counts)
        if other != names:
            made = edits(old, new, other)
            if rank(made) < rank(found):
                names, found = other, made
    if max(len(old.layers), len(new.layers)) <= MOST_LAYERS:
        names = _improved(old, new, names, found)
    return names


def _improved(old: Side, new: Side, names: Names, found: list[Change]) -> Names:
    """The matching after all exchanges of two pairs that leave fewer changes."""
    tried, better = 0, True
    while better and 1 < rank(found)[0] <= MOST_CHANGES:
        better = False
        for other in _exchanges(old, new, names, found):
            if tried >= TRIED:
                break
            tried += 1
            made = edits(old, new, other)
            if rank(made) < rank(found):
                names, found, better = other, made, True
                break
    return names


def _exchanges(old: Side, new: Side, names: Names, found: list[Change]) -> Iterator[Names]:
    """Matchings in which two layers that changed have each other's partner, or one that is gone has one; and
    last those in which one that changed has the partner of one that is read elsewhere."""
    origins = {after: before for before, after in names.items()}
    said = [change for change in found if change.is_said]
    told = {name for change in said for name in (change.layer, str(change.after)) if change.layer}
    changed = [name for name in names if name in told or names[name] in told]
    gone = [name for name in old.layers if name not in names]
    come = [name for name in new.layers if name not in origins]
    for one, other in combinations(changed, 2):
        if old.layers[one].kind == old.layers[other].kind:
            yield {**names, one: names[other], other: names[one]}
    for one in gone:
        for other in come:
            if old.layers[one].kind == new.layers[other].kind:
                yield {**names, one: other}
        for other in changed:
            if old.layers[one].kind == old.layers[other].kind:
                yield {**{n: m for n, m in names.items() if n != other}, one: names[other]}
    for other in come:
        for one in changed:
            if old.layers[one].kind == new.layers[other].kind:
                yield {**names, one: other}
    read = {name for change in said if change.field == "from" for name in _sources(change)}
    for one in changed:
        for other in (name for name in names if names[name] in read and name not in changed):
            if old.layers[one].kind == old.layers[other].kind:
                yield {**names, one: names[other], other: names[one]}


def _sources(change: Change) -> Iterator[str]:
    """What a layer read and reads, in the new names."""
    for side in (change.before, change.after):
        yield from side if isinstance(side, list) else [side]
