"""Conflict markers in a merged text, as git writes them, around the lines on which both sides disagree."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

from specnet.diagnostics.diagnostic import Edit
from specnet.merging.placing import Placing
from specnet.merging.sides import Side
from specnet.merging.three_way import Disagreement
from specnet.syntax.amending import amended, given
from specnet.syntax.document import Document, Path_
from specnet.syntax.entries import Entries
from specnet.syntax.patch import Patch
from specnet.syntax.reader import Node

OURS, BETWEEN, THEIRS = "<<<<<<< ours", "=======", ">>>>>>> theirs"


class _Region(NamedTuple):
    """Lines of ours, from `start` up to `end`, and what theirs has in their place."""

    start: int
    end: int
    theirs: list[str]


def with_markers(
    document: Document, written: dict[str, Any], theirs: Side, disagreements: Iterable[Disagreement]
) -> str:
    """The merged text, in which disagreements are as in ours, with both sides of each.

    A disagreement within a line is one about the line. The other side has all that was merged, too.
    """
    assert theirs.document is not None
    paths = [disagreement.path for disagreement in disagreements]
    target = Placing(copy.deepcopy(written), theirs.written)
    for path in paths:
        target.place(path, theirs.meant, theirs.meant)
    target.put_in_order()
    other = amended(theirs.document, target.data, document)
    sides = _Sides(document, other)
    regions = dict(map(sides.region, paths))
    if () in regions:
        regions = {(): regions[()]}
    apart = {p: r for p, r in regions.items() if not any(p[:count] in regions for count in range(len(p)))}
    inserted: dict[int, str] = {}
    for region in sorted(apart.values(), key=lambda region: region[:2]):
        own = "".join(f"{line}\n" for line in (BETWEEN, *region.theirs, THEIRS))
        inserted[region.start] = inserted.get(region.start, "") + f"{OURS}\n"
        inserted[region.end] = inserted.get(region.end, "") + own
    source = document.root.source
    patch = Patch(source.text if source.text.endswith("\n") else source.text + "\n")
    patch.accept([Edit((line, 1), (line, 1), text) for line, text in inserted.items()])
    return patch.result()


class _Sides:
    def __init__(self, ours: Document, theirs: Document) -> None:
        self.ours, self.theirs = ours, theirs
        self.own, self.other = Entries(ours), Entries(theirs)

    def region(self, path: Path_) -> tuple[Path_, _Region]:
        """The lines of a place, or of the next that holds it and shares its lines with nothing else."""
        for count in range(len(path), 0, -1):
            region = self._of(path[:count])
            if region is not None:
                return path[:count], region
        last = len(self.own.lines) + (1 if self.own.lines[-1] else 0)
        lines = self.other.lines[: None if self.other.lines[-1] else -1]
        return (), _Region(1, last, list(lines))

    def _of(self, path: Path_) -> _Region | None:
        mine, yours = self.ours.node(path), self.theirs.node(path)
        span = self.own.of(path) if mine is not None else self._gap(path)
        if span is None:
            return None
        if yours is None:
            return _Region(*span, [])
        indent = " " * (mine.key_position().column - 1) if mine is not None else self._indent(path)
        lines = given(self.theirs, self.other, path, yours.plain(), indent, comments=False)
        return _Region(*span, lines) if lines is not None else None

    def _gap(self, path: Path_) -> tuple[int, int] | None:
        """Where an entry would stand that only theirs has: behind the one that it follows there."""
        holder, other = self.ours.node(path[:-1]), self.theirs.node(path[:-1])
        if holder is None or other is None or not isinstance(holder.value, dict) or not holder.value:
            return None
        names = list(other.value)
        earlier = [name for name in names[: names.index(str(path[-1]))] if name in holder.value]
        span = self.own.of((*path[:-1], earlier[-1] if earlier else next(iter(holder.value))))
        if span is None:
            return None
        line = span[1] if earlier else self.own.comments_above(span[0])
        return line, line

    def _indent(self, path: Path_) -> str:
        holder = self.ours.node(path[:-1])
        assert holder is not None
        first: Node = next(iter(holder.value.values()))
        return " " * (first.key_position().column - 1)
