"""Edits that make a text YAML where it is certain what was meant. Lines and columns count from 0 here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specnet.diagnostics.diagnostic import Edit
from specnet.syntax.source import Source

CLOSING = {"{": "}", "[": "]"}
_KEY = re.compile(r"""\s*(?:- )?(?:[\w-]+|"[\w-]+"|'[\w-]+')\s*:\s+""")
_NO_SPACE = re.compile(r"([A-Za-z_][\w-]*):(?=[\w.{\['\"+-])")

Edits = tuple[Edit, ...]


def quote_closed(source: Source, line: int, column: int) -> Edits:
    """The quote that opens there closed at the end of its line, if nothing else can be behind the value."""
    text = source.lines[line]
    rest = text[column + 1 :].rstrip()
    alone = _KEY.fullmatch(text[:column]) and not {text[column], "#", "\\"} & set(rest)
    return (_put(line, column + 1 + len(rest), text[column]),) if alone and rest else ()


def bracket_closed(source: Source, opened: Sequence[tuple[int, int]], stop: int) -> Edits:
    """The only open bracket closed on the last line before `stop` that has something on it."""
    if len(opened) != 1:
        return ()
    line, column = opened[0]
    lines = [n for n in range(line, min(stop, len(source.lines))) if _content(source.lines[n])]
    if not lines or any(set("'\"") & set(source.lines[n]) for n in lines):
        return ()
    last = lines[-1]
    return (_put(last, len(_content(source.lines[last])), CLOSING[source.lines[line][column]]),)


def bracket_matched(source: Source, opened: Sequence[tuple[int, int]], line: int, column: int) -> Edits:
    """The bracket that is missing before another one, or the right one in place of a wrong one."""
    wanted = [CLOSING[source.lines[a][b]] for a, b in opened]
    if len(wanted) > 1 and wanted[-2] == source.lines[line][column]:
        return (_put(line, column, wanted[-1]),)
    return (Edit((line + 1, column + 1), (line + 1, column + 2), wanted[-1]),) if len(wanted) == 1 else ()


def comma_added(line: int, column: int) -> Edits:
    return (_put(line, column, ","),)


def space_added(source: Source, line: int, column: int) -> Edits:
    """A space behind the colon of a key that begins there."""
    key = _NO_SPACE.match(source.lines[line], column)
    return (_put(line, key.end(), " "),) if key else ()


def tabs_replaced(source: Source) -> Edits:
    """Every tab of an indentation as the spaces that a level of indentation has in this text."""
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in source.lines]
    level = " " * min((len(indent) for indent in indents if indent and "\t" not in indent), default=2)
    return tuple(
        Edit((n, 1), (n, len(indent) + 1), indent.replace("\t", level))
        for n, indent in enumerate(indents, start=1)
        if "\t" in indent
    )


def _put(line: int, column: int, text: str) -> Edit:
    return Edit((line + 1, column + 1), (line + 1, column + 1), text)


def _content(line: str) -> str:
    """A line without a comment and the spaces before it."""
    return "" if line.lstrip().startswith("#") else line.split(" #", 1)[0].rstrip()
