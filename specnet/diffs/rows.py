"""Rows of parameters and what they read: cut, gathered, and laid beside those of another network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from specnet.diffs import flow
from specnet.diffs.flow import Channels, Expression
from specnet.network.graph import Node
from specnet.network.network import Network

LONGEST = 2**18
"""Numbers of a row that are looked at one by one. In longer ones no other order is recognized."""
MOST = 2**20
"""Numbers of all rows that are."""


@dataclass
class Effort:
    """How many numbers may still be looked at one by one in a comparison."""

    left: int = MOST

    def allows(self, count: int) -> bool:
        """Whether a row of so many may be looked at; it is counted then."""
        if count > min(self.left, LONGEST):
            return False
        self.left -= count
        return True


@dataclass
class Rows:
    """Rows of a share of the first network, in order."""

    node: Node
    rows: Sequence[int]


def all_rows(network: Network, node: Node) -> Rows:
    return Rows(node, range(network.shares[node].output[0]))


def made_by(rows: Rows, known: Node) -> Expression:
    """The channels that rows make."""
    if isinstance(rows.rows, range):
        return (Channels(known, rows.rows.start, rows.rows.stop),)
    return flow.joined((Channels(known, row, row + 1),) for row in rows.rows)


def gathered(places: Iterable[tuple[Node, int]]) -> list[Rows]:
    """Places (share, row), those of one share that follow each other together."""
    found: list[tuple[Node, list[int]]] = []
    for node, row in places:
        if not found or found[-1][0] != node:
            found.append((node, []))
        found[-1][1].append(row)
    return [Rows(node, rows) for node, rows in found]


def parts_of(expression: Expression, count: int) -> Iterator[list[flow.Unit]]:
    """The numbers of a row in as many equal parts."""
    every = flow.units(expression)
    size = max(1, len(every) // count)
    return (every[start : start + size] for start in range(0, len(every), size))


def blocks_of(expression: Expression, count: int) -> list[Expression]:
    """Channels in as many equal blocks."""
    if count == 1:
        return [expression]
    size = sum(c.stop - c.start for c in expression) // count
    blocks, room = [list[flow.Channels]()], size
    for channels in expression:  # once, for there may be as many pieces as blocks
        at = channels.start
        while at < channels.stop:
            if room == 0:
                blocks.append([])
                room = size
            stop = min(channels.stop, at + room)
            blocks[-1].append(channels._replace(start=at, stop=stop))
            room -= stop - at
            at = stop
    return [tuple(block) for block in blocks[:count]]


def is_permuted(one: Expression, other: Expression, effort: Effort) -> bool:
    if one == other:
        return True
    if flow.length(one) != flow.length(other) or not effort.allows(flow.length(one)):
        return False
    return Counter(flow.units(one)) == Counter(flow.units(other))


def columns_of(mine: Expression, theirs: Expression, effort: Effort) -> Sequence[int] | None:
    """Which of their columns stands at each of mine; channels that only one of the two reads take the places
    that are left, in order. None if the numbers differ, or are too many."""
    size = flow.length(mine)
    if size != flow.length(theirs):
        return None
    if mine == theirs:
        return range(size)
    if not effort.allows(size):
        return None
    places: dict[flow.Unit, list[int]] = {}
    for place, unit in reversed(list(enumerate(flow.units(theirs)))):
        places.setdefault(unit, []).append(place)
    found = [places[unit].pop() if places.get(unit) else None for unit in flow.units(mine)]
    left = iter(sorted(place for stack in places.values() for place in stack))
    return [next(left) if place is None else place for place in found]


def together(first: Sequence[int], second: Sequence[int]) -> Sequence[int]:
    """Numbers one after another, a range where they follow each other."""
    if isinstance(first, range) and isinstance(second, range) and first.stop == second.start:
        return range(first.start, second.stop)
    return [*first, *second]
