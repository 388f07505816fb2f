"""A document brought to say something else: its text is edited where it does not, and stays elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specnet.diagnostics.diagnostic import Edit
from specnet.diagnostics.errors import SpecError
from specnet.syntax.document import Document, Path_, parse
from specnet.syntax.emit import written
from specnet.syntax.entries import Entries, Place
from specnet.syntax.patch import Patch
from specnet.syntax.reader import Node

ROUNDS = 32
"""Edits that touch are made one after another, and the text is read again between them."""

Data = Mapping[str, Any]


class _UnableError(Exception):
    """A place whose text is not in one piece: what holds it is written anew."""


def amended(document: Document, target: Data, donor: Document | None = None) -> Document:
    """The document with the values of `target`, its comments, order and style kept.

    A new entry stands behind the one that it follows in `target`, and is written as `donor` has it where that
    says the same at that path. With what comes out go the comments right above that `donor` has not either.
    What cannot be edited is written anew: the value, or the entry around it.
    """
    text = document.root.source.text
    for _ in range(ROUNDS):
        if document.data() == target:
            return document
        patch = Patch(text)
        for edit in _Amendment(document, donor).edits(target):
            patch.accept([edit])
        text = patch.result()
        try:
            document = parse(text, document.name)
        except SpecError:
            break
    return parse("".join(f"{line}\n" for line in _anew(target)), document.name)


def _anew(target: Data) -> Iterator[str]:
    for key, value in target.items():
        if key == "layers" and value:
            yield "layers:"
            yield from (f"  {_entry(name, layer)}" for name, layer in value.items())
        else:
            yield _entry(key, value)


def _entry(key: str, value: Any) -> str:
    return f"{written(key)}: {written(value)}"


class _Amendment:
    def __init__(self, document: Document, donor: Document | None) -> None:
        self.entries = Entries(document)
        self.root = document.root
        self.donor = donor
        self.donated = Entries(donor) if donor else None
        self.donated_lines = frozenset(self.donated.lines if self.donated else ())

    def edits(self, target: Data) -> list[Edit]:
        try:
            return list(self._of_mapping(self.root, target, len(self.entries.lines) + 1, ()))
        except _UnableError:
            whole = "".join(f"{line}\n" for line in _anew(target))
            return [Edit((1, 1), (len(self.entries.lines) + 1, 1), whole)]

    def _of_value(self, node: Node, value: Any, behind: int, path: Path_) -> Iterator[Edit]:
        if isinstance(node.value, dict) and isinstance(value, Mapping) and node.value and value:
            yield from self._of_mapping(node, value, behind, path)
        elif isinstance(node.value, list) and isinstance(value, list) and len(node.value) == len(value):
            for index, (item, new) in enumerate(zip(node.value, value, strict=True)):
                if item.plain() != new:
                    yield from self._of_value(item, new, 0, (*path, index))
        else:
            yield self._replaced(node, self._words(path, value))

    def _replaced(self, node: Node, text: str) -> Edit:
        start, end = (node.line, node.column), self.entries.end(node)
        if end is None or end[0] != start[0]:
            raise _UnableError
        return Edit(start, end, f" {text}" if start == end else text)

    def _of_mapping(self, node: Node, target: Data, behind: int, path: Path_) -> Iterator[Edit]:
        spans = self.entries.spans(node, behind) if behind else {}
        flow = self.entries.is_flow(node)
        if not flow and not spans:
            raise _UnableError
        left = [name for name in node.value if name in target]
        if not left:
            raise _UnableError
        for name, child in node.value.items():
            if name not in target:
                yield self._removed_flow(node, name) if flow else self._removed_lines(*spans[name])
            elif child.plain() != target[name]:
                end = 0 if flow else spans[name][1]
                try:
                    edits = list(self._of_value(child, target[name], end, (*path, name)))
                except _UnableError:
                    edits = [self._anew(child, (*path, name), target[name], end)]
                yield from edits
        for before, names in _new(target, left):
            new = {name: target[name] for name in names}
            if flow:
                yield self._added_flow(node, before, left, new, path)
            else:
                yield self._added_lines(node, spans, before, left, new, path)

    def _anew(self, node: Node, path: Path_, value: Any, behind: int) -> Edit:
        """The entry written anew on one line."""
        key = node.key_position()
        if behind:
            last = self.entries.lines[behind - 2]
            return Edit((key.line, key.column), (behind - 1, len(last) + 1), self._entry(path, value))
        end = self.entries.end(node)
        if end is None:
            raise _UnableError
        return Edit((key.line, key.column), end, self._entry(path, value))

    def _removed_lines(self, start: int, end: int) -> Edit:
        """An entry taken out, with the comments right above it that the donor has not either."""
        while self.donated and self.entries.comments_above(start) < start:
            if self.entries.lines[start - 2] in self.donated_lines:
                break
            start -= 1
        lines = self.entries.lines
        if (
            start > 1
            and not lines[start - 2].strip()
            and not any(line.strip() for line in lines[end - 1 : end])
        ):
            start -= 1  # one of two empty lines
        return Edit((start, 1), (end, 1), "")

    def _removed_flow(self, node: Node, name: str) -> Edit:
        """An entry in brackets taken out with one of the commas beside it, if no comment stands between."""
        names = list(node.value)
        at = names.index(name)
        start, end = self._key(node, name), self._value_end(node, name)
        if at + 1 < len(names):
            following = self._key(node, names[at + 1])
            return Edit(start, following if following[0] == end[0] else self._behind_comma(end), "")
        before = self._value_end(node, names[at - 1])
        return Edit(before, end, "") if before[0] == start[0] else Edit(start, self._behind_comma(end), "")

    def _behind_comma(self, place: Place) -> Place:
        line = self.entries.lines[place[0] - 1]
        rest = line[place[1] - 1 :]
        comma = rest.lstrip().startswith(",")
        return (place[0], place[1] + rest.index(",") + 1) if comma else place

    def _added_flow(self, node: Node, before: str | None, left: list[str], new: Data, path: Path_) -> Edit:
        text = ", ".join(self._entry((*path, name), value) for name, value in new.items())
        if before is None:
            at = self._key(node, left[0])
            return Edit(at, at, f"{text}, ")
        at = self._value_end(node, before)
        return Edit(at, at, f", {text}")

    def _added_lines(
        self,
        node: Node,
        spans: Mapping[str, tuple[int, int]],
        before: str | None,
        left: list[str],
        new: Data,
        path: Path_,
    ) -> Edit:
        key = node.value[left[0]].key_position()
        indent = " " * (key.column - 1)
        line = self.entries.comments_above(key.line) if before is None else spans[before][1]
        lines = [own for name in new for own in self._lines((*path, name), new[name], indent)]
        text = "".join(f"{own}\n" for own in lines)
        missing = line > len(self.entries.lines)  # the last line has no end
        return Edit((line, 1), (line, 1), f"\n{text}" if missing else text)

    def _lines(self, path: Path_, value: Any, indent: str) -> list[str]:
        """A new entry: as the donor has it, with the comments above, if it says the same."""
        lines = given(self.donor, self.donated, path, value, indent) if self.donor and self.donated else None
        if lines and self.donated and len(path) == 1:
            span = self.donated.of(path)
            above = self.donated.comments_above(span[0]) - 1 if span else 0
            return ["", *lines] if above and not self.donated.lines[above - 1].strip() else lines
        return lines or [indent + self._entry(path, value)]

    def _entry(self, path: Path_, value: Any) -> str:
        return f"{written(path[-1])}: {self._words(path, value)}"

    def _words(self, path: Path_, value: Any) -> str:
        """A value on one line: as the donor writes it, if that can stand anywhere."""
        node = self.donor.node(path) if self.donor else None
        if node is None or self.donated is None or isinstance(value, str) or node.plain() != value:
            return written(value)
        end = self.donated.end(node)
        if end is None or end[0] != node.line or end[1] == node.column:
            return written(value)
        return self.donated.lines[node.line - 1][node.column - 1 : end[1] - 1]

    def _key(self, node: Node, name: str) -> Place:
        key = node.value[name].key_position()
        return key.line, key.column

    def _value_end(self, node: Node, name: str) -> Place:
        end = self.entries.end(node.value[name])
        if end is None:
            raise _UnableError
        return end


def given(
    document: Document, entries: Entries, path: Path_, value: Any, indent: str, *, comments: bool = True
) -> list[str] | None:
    """The lines of an entry under another indent; None if it shares them or says something else."""
    node = document.node(path)
    span = entries.of(path) if node is not None and node.plain() == value else None
    if node is None or span is None:
        return None
    start = entries.comments_above(span[0]) if comments else span[0]
    own, lines = node.key_position().column - 1, entries.lines[start - 1 : span[1] - 1]
    if any(line[:own].strip(" ") for line in lines):
        return None
    return [(indent + line[own:]).rstrip() for line in lines]


def _new(target: Data, left: list[str]) -> Iterator[tuple[str | None, list[str]]]:
    """The names that are new, gathered behind those that they follow."""
    known, before, names = set(left), None, list[str]()
    for name in target:
        if name not in known:
            names.append(name)
            continue
        if names:
            yield before, names
        before, names = name, []
    if names:
        yield before, names
