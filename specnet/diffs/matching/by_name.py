"""Which layers of one spec stand under another name in a second one, where a name that stays is believed.

Found by structure, in linear time. Only names that stand in one of the specs alone are matched:

1. equal fields, and it reads the same layers;
2. equal fields, and the same layers read it;
3. the same kind, it reads the same layers, and the same layers read it: renamed and changed.

"The same" is meant under the names matched so far, so a renamed chain is matched link by link. Layers that
are alike in all of this are paired in the order of the file. Matching is the same in both directions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from specnet.diffs.side import Side

Names = dict[str, str]


def by_name(old: Side, new: Side) -> Names:
    """The names in the second spec of the layers of the first that stand in both."""
    gone = [name for name in old.layers if name not in new.layers]
    come = [name for name in new.layers if name not in old.layers]
    kept = {name: name for name in old.layers if name in new.layers}
    if not gone or not come:
        return kept
    matching = _Matching(old, new, gone, come, dict(kept), dict(kept))
    for _ in range(2):  # what is matched upwards may start another chain downwards
        matching.spread(_reads, _readers)
        matching.spread(_readers, _reads)
    matching.same_places()
    matching.spread(_reads, _readers)
    return matching.names


def _reads(side: Side, name: str) -> tuple[str, ...]:
    return side.reads[name]


def _readers(side: Side, name: str) -> tuple[str, ...]:
    return side.readers[name]


Neighbours = Callable[[Side, str], tuple[str, ...]]
Key = tuple[str, tuple[str, ...], tuple[str, ...] | None]


@dataclass(frozen=True)
class _Matching:
    """The pairs matched so far: `names` are new names by old ones, `origins` old names by new ones."""

    old: Side
    new: Side
    gone: list[str]
    come: list[str]
    names: Names
    origins: Names

    def spread(self, towards: Neighbours, away: Neighbours) -> None:
        """Match layers of equal fields whose neighbours on one side are matched, from neighbour to neighbour.

        Layers that share fields and neighbours are one group, and groups are matched in full.
        """
        groups, others = _groups(self.old, self.gone, towards), _groups(self.new, self.come, towards)
        of = {name: key for key, members in groups.items() for name in members}
        waiting = deque(groups)
        while waiting:
            key = waiting.popleft()
            fields, neighbours, read = key
            if any(name in self.old.layers and name not in self.names for name in neighbours):
                continue  # it comes again when the last of them is matched
            there = tuple(self.names.get(name, name) for name in neighbours)
            there = there if towards is _reads else tuple(sorted(there))
            for name in self._pair(groups[key], others.get((fields, there, read), ())):
                waiting.extend(of[reached] for reached in away(self.old, name) if reached in of)

    def same_places(self) -> None:
        """Match layers of one kind that read the same and are read by the same, where there is only one."""
        olds = _places(self.old, self.gone, self.names, self.names)
        news = _places(self.new, self.come, self.origins, {name: name for name in self.origins})
        for place, members in olds.items():
            if len(members) == 1 and len(news.get(place, ())) == 1:
                self._pair(members, news[place])

    def _pair(self, olds: Iterable[str], news: Iterable[str]) -> list[str]:
        """Pair what is not paired yet, in order; returns the old names that were."""
        free = (name for name in news if name not in self.origins)
        pairs = dict(zip([name for name in olds if name not in self.names], free, strict=False))
        self.names.update(pairs)
        self.origins.update({new: old for old, new in pairs.items()})
        return list(pairs)


def _groups(side: Side, members: Iterable[str], towards: Neighbours) -> dict[Key, list[str]]:
    """Layers by their fields and their neighbours on one side: those they read in order, or their readers."""
    groups: dict[Key, list[str]] = {}
    for name in members:
        near = towards(side, name)
        key = (side.meant(name), near if towards is _reads else tuple(sorted(near)), side.loss.get(name))
        groups.setdefault(key, []).append(name)
    return groups


def _places(
    side: Side, members: Iterable[str], matched: Names, names: Names
) -> dict[tuple[Hashable, ...], list[str]]:
    """Unmatched layers by kind and neighbours, where those are all matched, under the new `names`."""
    places: dict[tuple[Hashable, ...], list[str]] = {}
    for name in members:
        near = (*side.reads[name], *side.readers[name])
        if name not in matched and all(n in matched or n not in side.layers for n in near):
            reads = tuple(names.get(n, n) for n in side.reads[name])
            readers = tuple(sorted(names.get(n, n) for n in side.readers[name]))
            place = (side.layers[name].kind, reads, readers, side.loss.get(name))
            places.setdefault(place, []).append(name)
    return places
