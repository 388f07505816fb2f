"""A named text and the places in it."""

from __future__ import annotations

import re

from specnet.diagnostics.diagnostic import Position

BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class Source:
    """A named text, split into lines when somebody asks for one."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """The text's lines, as YAML breaks them."""
        if self._lines is None:
            self._lines = BREAKS.split(self.text)
        return self._lines

    def position(self, line: int, column: int, width: int = 1, via: str = "") -> Position:
        """A place in this text, all counted from 1, and the use of a block by which it is reached."""
        shown = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Position(self.name, line, column, width, shown, via)

    def position_at(self, offset: int) -> Position:
        """The place of the character at `offset`."""
        before = BREAKS.split(self.text[:offset])
        return self.position(len(before), len(before[-1]) + 1)
