"""Which layer of one spec is which of another, by all that speaks for it: what it comes to, what stands
around it, and its name, which may have passed to another layer.

The pair for which most speaks is matched first. That adds to what speaks for the pairs around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from specnet.diffs.side import PLACED, Side

LEAST = 2.0
"""What must speak for a pair."""
SAME, NEAR, LOSS, PLACE = 4.0, 2.0, 1.0, 0.25
MOST = 64
"""Pairs of layers that come to the same, or stand beside a pair, and are all looked at."""

OFTEN = 16
"""How often a pair is looked at again because one more beside it was matched; then each time that these have
become twice as many."""

Names = dict[str, str]
Pair = tuple[str, str]


def by_structure(old: Side, new: Side, name_counts: float) -> Names:
    """The names in the second spec of the layers of the first that stand in both. `name_counts` is how much
    an equal name speaks for a pair; that two layers come to the same counts 4."""
    matching = _Matching(old, new, name_counts)
    matching.start()
    matching.spread()
    return matching.named_alike()


@dataclass
class _Matching:
    old: Side
    new: Side
    name_counts: float
    names: Names = field(default_factory=dict)
    origins: Names = field(default_factory=dict)
    _waiting: list[tuple[float, int, Pair]] = field(default_factory=list)
    _ranks: dict[str, int] = field(default_factory=dict)
    _met: Counter[Pair] = field(default_factory=Counter)

    def start(self) -> None:
        self._ranks = {name: rank for rank, name in enumerate(self.old.below)}
        alike: dict[str, tuple[list[str], list[str]]] = {}
        for side, layers in enumerate((self.old, self.new)):
            for name in layers.below:
                alike.setdefault(layers.meant(name), ([], []))[side].append(name)
        for olds, news in alike.values():
            if len(olds) * len(news) <= MOST:
                pairs = [(one, other) for one in olds for other in news]
            else:
                pairs = [*zip(olds, news, strict=False), *zip(olds[::-1], news[::-1], strict=False)]
            for pair in pairs:
                self._put(pair)
        for name in self.old.below:
            if name in self.new.layers:
                self._put((name, name))

    def spread(self) -> None:
        while self._waiting:
            told, _, pair = heappop(self._waiting)
            one, other = pair
            if one in self.names or other in self.origins:
                continue
            score = self._score(pair)
            if score < -told:
                self._put(pair)
                continue
            if score < LEAST:
                continue
            self.names[one], self.origins[other] = other, one
            for near in self._around(pair):
                if self._is_news(near):
                    self._put(near)

    def _is_news(self, pair: Pair) -> bool:
        """Whether it matters to a pair that one more beside it has been matched: of a great many, no."""
        self._met[pair] += 1
        count = self._met[pair]
        return count <= OFTEN or not count & (count - 1)

    def named_alike(self) -> Names:
        """What is matched, and layers of one name that are left, which became another kind."""
        left = (name for name in self.old.layers if name not in self.names)
        kept = {name: name for name in left if name in self.new.layers and name not in self.origins}
        return {**self.names, **kept}

    def _put(self, pair: Pair) -> None:
        one, other = pair
        if one not in self.names and other not in self.origins:
            score = self._score(pair)
            if score > 0:
                heappush(self._waiting, (-score, self._ranks[one], pair))

    def _around(self, pair: Pair) -> Iterator[Pair]:
        one, other = pair
        yield from _paired(self.old.reads[one], self.new.reads[other], self.old, self.new)
        yield from _paired(self.old.readers[one], self.new.readers[other], self.old, self.new)

    def _score(self, pair: Pair) -> float:
        one, other = pair
        if self.old.layers[one].kind != self.new.layers[other].kind:
            return 0
        alike = SAME if self.old.meant(one) == self.new.meant(other) else NEAR * self._likeness(pair)
        named = self.name_counts if one == other else 0
        placed = PLACE if self.old.place(one) == self.new.place(other) else 0
        lost, sought = self.old.loss.get(one), self.new.loss.get(other)
        heads = LOSS * (1 if lost == sought else -1) if lost or sought else 0
        reads = self._agreement(self.old.reads[one], self.new.reads[other])
        readers = self._agreement(self.old.readers[one], self.new.readers[other])
        return alike + named + placed + heads + NEAR * (reads + readers)

    def _likeness(self, pair: Pair) -> float:
        """The part of the fields in which two layers of one kind agree."""
        was, now = self.old.layer(pair[0]), self.new.layer(pair[1])
        keys = ({*was} | {*now}) - {*PLACED, "kind"}
        return sum(was.get(key) == now.get(key) for key in keys) / len(keys) if keys else 1

    def _agreement(self, olds: Sequence[str], news: Sequence[str]) -> float:
        """From -1 to 1: how far what stands on one side of a layer is what stands there in the other spec."""
        if not olds or not news:
            return 0
        there, among = set(news), set(olds)
        good = sum(self.names.get(name) in there for name in olds)
        bad = sum(name in self.names and self.names[name] not in there for name in olds)
        bad += sum(name in self.origins and self.origins[name] not in among for name in news)
        return (good - bad / 2) / max(len(olds), len(news))


def _paired(olds: Sequence[str], news: Sequence[str], old: Side, new: Side) -> Iterator[Pair]:
    olds = [name for name in olds if name in old.layers]
    news = [name for name in news if name in new.layers]
    if len(olds) * len(news) <= MOST:
        yield from ((one, other) for one in olds for other in news)
    else:
        yield from zip(olds, news, strict=False)
