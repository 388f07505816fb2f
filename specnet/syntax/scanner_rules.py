"""Where a text stops being YAML, and why: the slip itself, not the place where the parser noticed it.

The parser has two marks, and neither is right for all slips. An unclosed bracket or quote is where it opens,
a missing comma at the end of the line above, a missing colon at its key, a wrong indentation where the
parser stopped.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Edit, Fix
from specnet.syntax import scanner_fixes as fixes
from specnet.syntax.lookalikes import pointed, structural
from specnet.syntax.scanner_fixes import CLOSING
from specnet.syntax.source import Source

SPACES = "check the indentation: with spaces, like the lines that belong together"


class _Place(NamedTuple):
    """A line and a column, from 0."""

    line: int
    column: int


class _Slip(NamedTuple):
    """What is wrong, what to do, and how the text is edited if that is certain."""

    place: _Place
    problem: str
    hint: str
    edits: tuple[Edit, ...] = ()


class _Before(NamedTuple):
    """What stands before the place where the parser stopped."""

    open: list[_Place]
    """The brackets that are open there, outermost first."""
    last: Any
    """The last token that is a text, if any."""
    end: _Place
    """Where the last token ends."""

    @property
    def opened(self) -> _Place | None:
        """The innermost bracket that is open there."""
        return self.open[-1] if self.open else None


def syntax_error(source: Source, error: yaml.MarkedYAMLError, loader: Any) -> Diagnostic:
    """The finding about a text that is not YAML."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return rules.NOT_YAML.at(None, f"this is not YAML: {error.problem}")
    stop = _Place(mark.line, mark.column)
    before = _before(source, stop, loader)
    slip = _slip(source, error, stop, before)
    place = slip.place
    fix = Fix(source.name, slip.edits) if slip.edits else None
    where = source.position(place.line + 1, place.column + 1)
    finding = rules.NOT_YAML.at(where, f"this is not YAML: {slip.problem}", slip.hint, fix)
    return _with_character(
        source, finding, stop, min(place.line, before.last.start_mark.line if before.last else stop.line)
    )


def _before(source: Source, stop: _Place, loader: Any) -> _Before:
    opened: list[_Place] = []
    last, end = None, _Place(0, 0)
    try:
        for token in yaml.scan(source.text, Loader=loader):
            start = _Place(token.start_mark.line, token.start_mark.column)
            if start >= stop:
                break
            if isinstance(token, yaml.FlowMappingStartToken | yaml.FlowSequenceStartToken):
                opened.append(start)
            elif isinstance(token, yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken) and opened:
                opened.pop()
            elif isinstance(token, yaml.ScalarToken):
                last = token
            if not isinstance(token, yaml.BlockEndToken):
                end = _Place(token.end_mark.line, token.end_mark.column)
    except yaml.MarkedYAMLError:
        pass  # it is the error that is being explained
    return _Before(opened, last, end)


def _slip(source: Source, error: yaml.MarkedYAMLError, stop: _Place, before: _Before) -> _Slip:
    context, problem = error.context or "", error.problem or ""
    start = before.last and _Place(before.last.start_mark.line, before.last.start_mark.column)
    runs_on = before.last is not None and before.last.end_mark.line > before.last.start_mark.line
    at_stop = before.last is not None and before.last.end_mark.line == stop.line
    if "quoted scalar" in context and error.context_mark and ("end of" in problem or "document" in problem):
        opens = _Place(error.context_mark.line, error.context_mark.column)
        return _Slip(
            opens, "the quote that opens here is not closed", CLOSE, fixes.quote_closed(source, *opens)
        )
    if runs_on and at_stop and start is not None and not before.last.plain:
        problem = f"the quote that opens here closes on line {stop.line + 1} only"
        return _Slip(start, problem, CLOSE, fixes.quote_closed(source, *start))
    if before.opened and _is_left_open(source, before.opened, stop):
        bracket = source.lines[before.opened.line][before.opened.column]
        problem, hint = (
            f"the '{bracket}' that opens here is not closed",
            f"add '{CLOSING[bracket]}' where it ends",
        )
        return _Slip(before.opened, problem, hint, fixes.bracket_closed(source, before.open, stop.line))
    if before.opened and "flow" in context:
        line = source.lines[stop.line] if stop.line < len(source.lines) else ""
        if line[stop.column : stop.column + 1] in ("}", "]"):
            bracket = source.lines[before.opened.line][before.opened.column]
            return _Slip(
                stop,
                f"the '{bracket}' before it needs another bracket to close it",
                f"close it with '{CLOSING[bracket]}'",
                fixes.bracket_matched(source, before.open, *stop),
            )
        place = start if runs_on and at_stop else before.end
        if place is not None and place.line < stop.line:
            end = _Place(place.line, len(_content(source.lines[place.line])))
            return _Slip(
                end,
                "a comma is missing at the end of this line",
                "entries in brackets have commas between them",
                fixes.comma_added(*end),
            )
        hint = "a comma may be missing before it; check the brackets and quotes, too"
        return _Slip(stop, _words(error), hint)
    if "simple key" in context and error.context_mark:
        key = _Place(error.context_mark.line, error.context_mark.column)
        return _Slip(key, _COLON, _COLON_HINT, fixes.space_added(source, *key))
    if runs_on and at_stop and start is not None and "mapping values" in problem:
        if not source.lines[start.line][: start.column].strip():
            return _Slip(start, _COLON, _COLON_HINT, fixes.space_added(source, *start))
        line = source.lines[stop.line]
        indent = _Place(stop.line, len(line) - len(line.lstrip(" ")))
        return _Slip(indent, "this line is indented as if it went on with the value above", SPACES)
    line = source.lines[stop.line] if stop.line < len(source.lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return _Slip(stop, _words(error), "indent with spaces, not tabs", fixes.tabs_replaced(source))
    if "alias" in context:
        return _Slip(stop, _words(error), "text that begins with * stands in quotes: '*'")
    return _Slip(stop, _words(error), "check the indentation, and the brackets and quotes of the lines above")


CLOSE = "close it on this line"
_COLON = "this is a key without ': ' behind it"
_COLON_HINT = "write KEY: VALUE, with a colon and a space"


def _words(error: yaml.MarkedYAMLError) -> str:
    return f"{error.problem}{f' {error.context}' if error.context else ''}"


def _is_left_open(source: Source, opened: _Place, stop: _Place) -> bool:
    """Whether the parser stopped behind the lines that a bracket is meant to reach over.

    That is at the end of the text, at another bracket further down, or at a line that is not indented more
    than the one with the bracket.
    """
    if opened.line >= stop.line:
        return False
    rest = source.lines[stop.line][stop.column :] if stop.line < len(source.lines) else ""
    if not rest.strip() and not any(line.strip() for line in source.lines[stop.line + 1 :]):
        return True
    return rest[:1] in ("}", "]") or _indent(source.lines[stop.line]) <= _indent(source.lines[opened.line])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _content(line: str) -> str:
    """A line without a comment and the spaces before it."""
    return line.split(" #", 1)[0].rstrip()


def _with_character(source: Source, finding: Diagnostic, stop: _Place, first: int) -> Diagnostic:
    """The finding at the character that only looks like one of YAML's, if it is why.

    In an indentation it is the reason wherever it stands; elsewhere, on the lines that were being read.
    """
    if source.text.isascii():
        return finding
    above: list[tuple[int, list[int]]] = []
    for number in range(min(stop.line, len(source.lines) - 1), -1, -1):
        line = source.lines[number]
        if line.isascii():
            continue
        places = structural(line)
        if number == stop.line:
            places = [i for i in places if i <= stop.column]
        indented = [i for i in places if not line[:i].strip() and line[i].isspace()]
        if indented or (places and number >= first):
            above.append((number, indented or places))
            break
    for number, places in above:
        return pointed(finding, source.position(number + 1, places[0] + 1), places)
    return finding
