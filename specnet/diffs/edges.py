"""What becomes of the cross-group edges between two networks, and of the bytes that they move in a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from specnet.diffs.pairs import Pair, share_by_share
from specnet.network.graph import Node
from specnet.network.memory import crossing_bytes
from specnet.network.network import Network
from specnet.text import few, plural, size

Status = Literal["new", "gone", "changed"]


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """A cross-group edge that came, went or moves another number of bytes: a share, and the group that reads
    it. Bytes are those of one step, the values there and their gradient back; None where there is no such
    edge. The layer bears its new name, if it has one."""

    source: Node
    group: str
    before: int | None
    after: int | None

    @property
    def status(self) -> Status:
        return "new" if self.before is None else "gone" if self.after is None else "changed"

    def as_json(self) -> dict[str, Any]:
        return {"from": str(self.source), "to": self.group, "before": self.before, "after": self.after}

    def __str__(self) -> str:
        sides = ("none" if side is None else size(side) for side in (self.before, self.after))
        return f"cross-group edge {self.source} -> {self.group}: {' -> '.join(sides)} a step"


def edge_changes(before: Network, after: Network, pairs: Sequence[Pair]) -> tuple[EdgeChange, ...]:
    """The cross-group edges that differ: those of the second network in its order, then those gone. An edge
    from or to another group is another edge, also where it is a layer that has moved."""
    names = {old: new.layer for old, new in share_by_share(pairs)}
    taken = set(names.values())
    old: dict[tuple[Node, str], int] = {}
    gone: list[EdgeChange] = []
    for source, group, there, back in crossing_bytes(before):
        name = names.get(source, source.layer)
        if source not in names and name in taken:  # another layer has its name now
            gone.append(EdgeChange(source, group, there + back, None))
        else:
            old[Node(name, source.group), group] = there + back
    changes = []
    for source, group, there, back in crossing_bytes(after):
        was = old.pop((source, group), None)
        if was != there + back:
            changes.append(EdgeChange(source, group, was, there + back))
    left = [EdgeChange(source, group, was, None) for (source, group), was in old.items()]
    return (*changes, *left, *gone)


def edge_lines(changes: Sequence[EdgeChange]) -> list[str]:
    """A line for the edges that came, one for those that went and one for those that changed."""
    lines = []
    statuses: tuple[Status, ...] = ("new", "gone", "changed")
    for status in statuses:
        alike = [change for change in changes if change.status == status]
        if not alike:
            continue
        layers = few(list(dict.fromkeys(change.source.layer for change in alike)))
        sides = [
            sum(side or 0 for side in column)
            for column in zip(*((c.before, c.after) for c in alike), strict=True)
        ]
        moved = " -> ".join(size(side) for side in sides if side)
        lines.append(f"{plural(len(alike), 'cross-group edge')} {status}: {layers} ({moved} a step)")
    return lines
