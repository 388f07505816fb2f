"""Where the entries of a document's mappings begin and end in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from specnet.syntax.document import Document, Path_
from specnet.syntax.reader import Node

Place = tuple[int, int]
"""Line and column, counted from 1."""

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NO_CONTENT = re.compile(r"\s*(#.*|\.\.\.\s*)?")


class Entries:
    """The places of a document. Each entry of a mapping is found by its path."""

    def __init__(self, document: Document) -> None:
        self.root = document.root
        self.lines = document.root.source.lines
        self._ends = dict(_ends(document.root.source.text))
        self._spans: dict[tuple[int, int], dict[str, tuple[int, int]]] = {}

    def is_flow(self, node: Node) -> bool:
        """Whether a collection is written in brackets."""
        return self.lines[node.line - 1][node.column - 1 : node.column] in ("{", "[")

    def end(self, node: Node) -> Place | None:
        """Where a value ends that is written in one piece; None for a mapping or a list in lines."""
        if isinstance(node.value, dict | list) and not self.is_flow(node):
            return None
        return self._ends.get((node.line, node.column))

    def of(self, path: Path_) -> tuple[int, int] | None:
        """The first line of an entry and the line behind its last one, if it shares these with no other.

        Comments behind an entry are not its own: they may be the next one's.
        """
        node, behind = self.root, len(self.lines) + 1
        lines: tuple[int, int] | None = None
        for step in path:
            lines = None
            if not isinstance(node.value, dict | list):
                return None
            if isinstance(node.value, list):
                node, behind = node.value[int(step)], 0
                continue
            found = self.spans(node, behind).get(str(step)) if behind else None
            node = node.value[step]
            lines, behind = found, found[1] if found else 0
        return lines

    def spans(self, node: Node, behind: int) -> dict[str, tuple[int, int]]:
        """The lines of each entry of a mapping in lines that ends before the line `behind`; none of one that
        is written in brackets, or begins behind something else."""
        known = id(node), behind
        if known not in self._spans:
            self._spans[known] = self._found(node, behind)
        return self._spans[known]

    def _found(self, node: Node, behind: int) -> dict[str, tuple[int, int]]:
        if self.is_flow(node) or not isinstance(node.value, dict):
            return {}
        starts = [(child.key_position().line, name) for name, child in node.value.items()]
        columns = {child.key_position().column for child in node.value.values()}
        if len(columns) != 1 or any(self.indent(line, min(columns)) is None for line, _ in starts):
            return {}
        ends = [line for line, _ in starts[1:]] + [behind]
        return {
            name: (line, self._trimmed(line, end)) for (line, name), end in zip(starts, ends, strict=True)
        }

    def indent(self, line: int, column: int) -> str | None:
        """What stands before a column, if it is nothing but spaces."""
        before = self.lines[line - 1][: column - 1]
        return None if before.strip(" ") else before

    def comments_above(self, line: int) -> int:
        """The first line of the comments right above a line; the line itself if there are none."""
        while line > 1 and self.lines[line - 2].lstrip().startswith("#"):
            line -= 1
        return line

    def _trimmed(self, start: int, end: int) -> int:
        while end > start + 1 and _NO_CONTENT.fullmatch(self.lines[end - 2]):
            end -= 1
        return end


def _ends(text: str) -> Iterator[tuple[Place, Place]]:
    """Where scalars and collections in brackets begin and end."""
    open_: list[Place | None] = []
    for event in yaml.parse(text, Loader=_PARSER):
        start, end = (
            mark and (mark.line + 1, mark.column + 1) for mark in (event.start_mark, event.end_mark)
        )
        assert start
        assert end
        if isinstance(event, yaml.ScalarEvent):
            yield start, end
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append(start if end != start else None)
        elif isinstance(event, yaml.CollectionEndEvent):
            begun = open_.pop()
            if begun is not None:
                yield begun, end
