"""What layers read, seen through layers that are in one of two specs only, or stand elsewhere there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice, product

from specnet.diffs.side import Side

Read = tuple[str, ...]
MOST, LONGEST = 32, 100
"""Ways to see through a layer that are looked at, and layers that may stand behind it."""


class Through:
    """The layers that stand behind the `hidden` ones, under the `names` of the other spec.

    A hidden layer stands for what it reads: all of it where it joins its inputs, one of them where it adds
    them up, or nothing where it is a branch that came along or went.
    """

    def __init__(self, side: Side, hidden: Collection[str], names: Mapping[str, str]) -> None:
        self._side = side
        self._names = names
        self._behind: dict[str, tuple[Read, ...]] = {}
        for name in side.below if hidden else ():
            if name in hidden:
                self._behind[name] = self._ways(name)

    def _ways(self, name: str) -> tuple[Read, ...]:
        sources = [self.behind(source) for source in self._side.reads[name]]
        if self._side.layers[name].concatenates_inputs:
            ways = _joined(sources)
        else:
            ways = [way for ways in sources for way in ways]
        if any(len(way) > LONGEST for way in ways):
            return ((self._names.get(name, name),),)
        return tuple(islice(dict.fromkeys((*ways, ())), MOST))

    def behind(self, source: str) -> tuple[Read, ...]:
        """What a layer that is read may be said to stand for: itself, unless it is hidden."""
        return self._behind.get(source) or ((self._names.get(source, source),),)

    def reads(self, name: str) -> set[Read]:
        """What a layer may be said to read."""
        ways = _joined(self.behind(source) for source in self._side.reads[name])
        return set(map(_sorted, ways)) if self._side.layers[name].is_commutative else set(ways)


def _sorted(read: Read) -> Read:
    return tuple(sorted(read))


def _joined(sources: Iterable[tuple[Read, ...]]) -> list[Read]:
    return [tuple(name for part in parts for name in part) for parts in islice(product(*sources), MOST)]
