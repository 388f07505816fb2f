"""YAML text -> nodes: plain values that remember where they stand.

The text is read as one YAML 1.2 document of mappings, lists and core-schema scalars: `1e-4` is a number,
`on`, `no` and `3:3` are text, `010` is ten. Tags, aliases, merge keys, keys that are not text and keys that
stand twice are findings, all of them reported at once. Depth and number of nodes are bounded while the nodes
are built, so a hostile file cannot take the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Fix, Position, Rule
from specnet.diagnostics.errors import SpecError
from specnet.syntax.lookalikes import explained
from specnet.syntax.scanner_rules import syntax_error
from specnet.syntax.source import Source

MAX_DEPTH = 32
MAX_NODES = 3_000_000
MAX_ENTRIES = 1_000
"""Keys of a mapping, but for those that hold the layers and the like: no part of a spec has a tenth of it.

The least of the limits of a collection.
"""
MAX_ITEMS = 10_000
MAX_LAYERS = 120_000
MAX_FINDINGS = 5_000
"""Diagnostics after which a text is not read any further: it is not a spec."""
MAX_DIGITS = 400

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("+-.0123456789")
"""What a number begins with."""
_NEEDLESS_TAG = re.compile(r"!!(?:int|float|bool|seq|map|python/tuple)[ ]+")
"""Tags that say what a value is anyhow, or a list where one is meant."""
NAMED = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{s + n: float(s + "inf") for s in ("", "+", "-") for n in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


class Node:
    """A value with its place. `key` is the place of the key that leads to it, `(line, column, width)`.

    `via` says by which use of a block it has come to where it is, and is empty for what stands there itself.
    """

    __slots__ = ("column", "key", "line", "source", "value", "via", "width")

    def __init__(self, value: Any, source: Source, line: int, column: int, width: int) -> None:
        self.value: Any = value
        self.source = source
        self.line = line
        self.column = column
        self.width = width
        self.key: tuple[int, int, int] | None = None
        self.via = ""

    def copy(self, value: Any, via: str) -> Node:
        """Another value in the same place, which has come by that use of a block."""
        made = Node(value, self.source, self.line, self.column, self.width)
        made.key, made.via = self.key, via
        return made

    def plain(self) -> Any:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {name: child.plain() for name, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def position(self) -> Position:
        return self.source.position(self.line, self.column, self.width, self.via)

    def key_position(self) -> Position:
        return self.source.position(*self.key, self.via) if self.key else self.position()


def read_nodes(source: Source) -> Node:
    """The root node of a text; a node that holds None for an empty one.

    Raises `SpecError` with every finding.
    """
    builder = _Builder(source)
    bad = _UNPRINTABLE.search(source.text)
    if bad:
        message = f"the character U+{ord(bad[0]):04X} is not allowed in YAML"
        builder.report(rules.BAD_CHARACTER, message, source.position_at(bad.start()), "remove it")
        return builder.result()
    try:
        builder.build()
    except yaml.MarkedYAMLError as error:
        finding = syntax_error(source, error, _PARSER)
        # What stands in a broken bracket looks like keys.
        builder.findings = [
            d for d in builder.findings if d.rule is not rules.KEY_NOT_TEXT or _line(d) != _line(finding)
        ]
        builder.findings.append(finding)
    except _StopReadingError:
        pass  # what stopped it is among the findings
    return builder.result()


def _events(text: str) -> Iterator[Any]:
    """The events of YAML's parser, up to the end of the text."""
    parser = _PARSER(text)
    try:
        while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
            yield event
    finally:
        parser.dispose()


def _valued(text: str) -> Any:
    """What a scalar without quotes says."""
    if text in NAMED:
        return NAMED[text]
    if text[0] not in _NUMERIC or len(text) > MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text) if _FLOAT.fullmatch(text) else text


def _line(finding: Diagnostic) -> int | None:
    return finding.position.line if finding.position else None


def _is_plain_key(place: Position) -> bool:
    """Whether a key that is not text would be a name with quotes around it."""
    behind = place.source[place.column - 1 + place.width :].lstrip()
    return re.fullmatch("[A-Za-z0-9_.-]+", place.text) is not None and behind.startswith(":")


class _StopReadingError(Exception):
    """Raised where reading on makes no sense; the finding is already reported."""


class _Builder:
    """Turns YAML events into nodes with an explicit stack, so that depth never becomes recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Diagnostic] = []
        self.root: Node | None = None

    def report(
        self,
        rule: Rule,
        message: str,
        place: Position | None,
        hint: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        self.findings.append(rule.at(place, message, hint, fix))
        if len(self.findings) == MAX_FINDINGS:
            message = f"these are {MAX_FINDINGS:,} findings, and the rest was not read"
            self.findings.append(rules.TOO_LARGE.at(place, message))
            raise _StopReadingError

    def result(self) -> Node:
        """The root node. Raises `SpecError` if there were findings."""
        if self.findings:
            raise SpecError(explained(self.findings))
        if self.root is None:
            return Node(None, self.source, 1, 1, 1)
        return self.root

    def build(self) -> None:
        stack: list[Node] = []
        keys: list[Node | None] = []
        documents = 0
        for count, event in enumerate(_events(self.source.text)):
            if count > MAX_NODES:
                self.report(rules.TOO_LARGE, f"more than {MAX_NODES:,} values", None)
                raise _StopReadingError
            if isinstance(event, yaml.ScalarEvent):
                self._place(self._scalar(event), stack, keys)
            elif isinstance(event, yaml.CollectionStartEvent):
                node = self._collection(event)
                self._place(node, stack, keys)
                if len(stack) >= MAX_DEPTH:
                    message = f"nested deeper than {MAX_DEPTH} levels"
                    self.report(rules.TOO_LARGE, message, node.position())
                    raise _StopReadingError
                stack.append(node)
                keys.append(None)
            elif isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
                keys.pop()
            elif isinstance(event, yaml.AliasEvent):
                self._place(self._alias(event), stack, keys)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse_document(event)

    def _scalar(self, event: Any) -> Node:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 1
        value = _valued(event.value) if event.implicit[0] else event.value
        node = Node(value, self.source, start.line + 1, start.column + 1, max(1, width))
        if event.tag is not None:
            self._refuse_tag(event.tag, node)
        return node

    def _collection(self, event: Any) -> Node:
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        start = event.start_mark
        node = Node(value, self.source, start.line + 1, start.column + 1, 1)
        if event.tag is not None:
            self._refuse_tag(event.tag, node)
        return node

    def _alias(self, event: Any) -> Node:
        start, width = event.start_mark, event.end_mark.column - event.start_mark.column
        node = Node(None, self.source, start.line + 1, start.column + 1, width)
        message = f"the alias '*{event.anchor}' is not allowed"
        hint = f"write the value out in both places; a pattern stands in quotes: '*{event.anchor}'"
        self.report(rules.ALIAS, message, node.position(), hint)
        return node

    def _refuse_document(self, event: Any) -> NoReturn:
        place = self.source.position(event.start_mark.line + 1, 1, 3)
        message, hint = "a second document starts here", "one file holds one spec"
        self.report(rules.SECOND_DOCUMENT, message, place, hint)
        raise _StopReadingError

    def _refuse_tag(self, tag: str, node: Node) -> None:
        tag = tag.replace("tag:yaml.org,2002:", "!!")
        place = node.position()
        written = _NEEDLESS_TAG.match(place.source, place.column - 1)
        fix = place.edited((place.column, written.end() + 1, "")) if written else None
        self.report(rules.TAG, f"the tag '{tag}' is not allowed", place, "leave the tag out", fix)

    def _place(self, node: Node, stack: list[Node], keys: list[Node | None]) -> None:
        """Hang a node under the innermost open collection, as a key or as a value."""
        if not stack:
            self.root = node
            return
        holder = stack[-1]
        if isinstance(holder.value, list):
            holder.value.append(node)
        elif (key := keys[-1]) is None:
            keys[-1] = node
            self._check_key(node, holder)
        else:
            keys[-1] = None
            if isinstance(key.value, str) and key.value not in holder.value:
                node.key = (key.line, key.column, key.width)
                holder.value[key.value] = node
        if len(holder.value) > MAX_ENTRIES:
            self._check_size(holder, len(stack))

    def _check_size(self, holder: Node, depth: int) -> None:
        """Stop at a collection that is larger than any that a spec has."""
        if isinstance(holder.value, list):
            limit, what = MAX_ITEMS, "items in one list"
        else:
            limit, what = MAX_LAYERS if depth == 2 else MAX_ENTRIES, "keys in one mapping"
        if len(holder.value) > limit:
            self.report(rules.TOO_LARGE, f"more than {limit:,} {what}", holder.position())
            raise _StopReadingError

    def _check_key(self, key: Node, holder: Node) -> None:
        if not isinstance(key.value, str):
            hint = "put quotes around it" if not isinstance(key.value, dict | list) else None
            place = key.position()
            fix = place.replaced(f'"{place.text}"') if _is_plain_key(place) else None
            self.report(rules.KEY_NOT_TEXT, "a key must be text", place, hint, fix)
        elif key.value == "<<":
            self.report(rules.ALIAS, "merge keys are not allowed", key.position(), "write the keys out")
        elif key.value in holder.value:
            line = holder.value[key.value].key[0]
            message = f"the key '{key.value}' stands here for the second time"
            self.report(
                rules.DUPLICATE_KEY,
                message,
                key.position(),
                f"the first one is on line {line}; keep one of them",
            )
