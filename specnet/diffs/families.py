"""Which layers of a long form are the shares of one layer, or stand beside those of one in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from specnet.diffs.change import Change
from specnet.diffs.side import Side
from specnet.network.graph import Node

Origins = Mapping[str, Node]
"""The share that a layer of a long form is."""


class Family(NamedTuple):
    """Layers that say the same, one for each share of a layer that either spec has spread over groups."""

    name: str
    size: int


@dataclass(frozen=True)
class Families:
    """`old` and `new` are the long forms; `names` are new names of layers by old ones."""

    old: Side
    new: Side
    names: Mapping[str, str]
    olds: Origins
    news: Origins
    _gone: dict[str, Family] = field(default_factory=dict)
    """Those of layers of the first long form alone."""
    _here: dict[str, Family] = field(default_factory=dict)
    """Those of all others, by their new names."""

    def __post_init__(self) -> None:
        sizes = [_sizes(shares) for shares in (self.olds, self.news)]
        for before, after in self.names.items():
            if after in self.news:
                self._here[after] = Family(self.news[after].layer, sizes[1][self.news[after].layer])
            elif before in self.olds:
                self._here[after] = Family(self.olds[before].layer, sizes[0][self.olds[before].layer])
        come = set(self.new.layers) - set(self.names.values())
        self._lone(self.new, [name for name in self.new.below if name in come], self._here, {})
        gone = [name for name in self.old.below if name not in self.names]
        self._lone(self.old, gone, self._gone, self.names)

    def _lone(
        self, side: Side, lone: Sequence[str], into: dict[str, Family], names: Mapping[str, str]
    ) -> None:
        """Put layers of one of the long forms alone into families, by what they say and what they read."""
        for name in lone:
            near = [into.get(n) or self._here.get(names.get(n, n)) for n in side.reads[name]]
            found = [family for family in near if family is not None]
            if found and len(found) == len(near):
                read = [family.name for family in found]
                into[name] = Family(f"{side.told(name)} {read}", found[0].size)

    def of(self, change: Change) -> Family | None:
        """The family of the layer that a change is of."""
        is_gone = change.op == "remove" and not change.field
        return (self._gone if is_gone else self._here).get(change.layer)

    def follows_groups(self, change: Change) -> bool:
        """Whether a layer reads the shares of others in another order because the groups are in another."""
        was, now = change.before, change.after
        if change.field != "from" or not (isinstance(was, list) and isinstance(now, list)):
            return False
        origins = {after: before for before, after in self.names.items()}
        if sorted(was) != sorted(now) or not origins.keys() >= {*now}:
            return False
        return self._by_groups(was, self.old, origins) == was and self._by_groups(now, self.new, {}) == now

    def _by_groups(self, read: Sequence[str], side: Side, names: Mapping[str, str]) -> list[str]:
        """What is read, with the shares of each layer in the order of one side's groups."""
        made: list[str] = []
        for _, run in groupby(read, lambda name: self._here.get(name, name)):
            made += sorted(run, key=lambda name: self._group(side, names.get(name, name)))
        return made

    def _group(self, side: Side, name: str) -> int:
        place = side.place(name)
        return side.spec.groups.index(place) if isinstance(place, str) else 0

    def said(self, change: Change, side: Any) -> Any:
        """A side of a change, as all layers of a family would say it."""
        if change.field == "from" and isinstance(side, list):
            return [self.said(change, one) for one in side]
        if change.field == "from":
            return self._here[side].name if side in self._here else side
        return side if change.field not in ("", "group") else ""


def _sizes(shares: Origins) -> dict[str, int]:
    """How many shares each layer has."""
    made: dict[str, int] = {}
    for node in shares.values():
        made[node.layer] = made.get(node.layer, 0) + 1
    return made
