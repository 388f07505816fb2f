"""Edits carried out in a text, everything else left as it is."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from itertools import accumulate
from operator import itemgetter

from specnet.diagnostics.diagnostic import Edit
from specnet.syntax.source import BREAKS

_start = itemgetter(0)


class Patch:
    """A text and the edits that were accepted for it; no two of them touch."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = BREAKS.findall(text)
        lines = BREAKS.split(text)
        lengths = (len(line) + len(end) for line, end in zip(lines, [*breaks, ""], strict=True))
        self._starts = [0, *accumulate(lengths)]
        self._break = breaks[0] if breaks else "\n"
        self._edits: dict[tuple[int, int], str] = {}
        self._ranges: list[tuple[int, int]] = []
        """Those of the edits, in order."""

    def accept(self, edits: Iterable[Edit]) -> bool:
        """Take in the edits of one fix: all of them, or none if one touches an edit that is there already."""
        placed = {self._range(edit): edit.text for edit in edits}
        for start, end in placed:
            before = bisect_right(self._ranges, end, key=_start)
            if before and start <= self._ranges[before - 1][1]:
                return False
        for place in placed:
            insort(self._ranges, place)
        self._edits |= placed
        return True

    def was(self, edit: Edit) -> str:
        """What an edit replaces."""
        start, end = self._range(edit)
        return self.text[start:end]

    def result(self) -> str:
        """The text with the edits. A line break in an edit is the text's own."""
        pieces, at = [], 0
        for (start, end), new in sorted(self._edits.items()):
            pieces += [self.text[at:start], new.replace("\n", self._break)]
            at = end
        return "".join([*pieces, self.text[at:]])

    def _range(self, edit: Edit) -> tuple[int, int]:
        return self._offset(*edit.start), self._offset(*edit.end)

    def _offset(self, line: int, column: int) -> int:
        return min(self._starts[min(line, len(self._starts)) - 1] + column - 1, len(self.text))
