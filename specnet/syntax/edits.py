"""Fixes of keys, values and entries of a spec's mappings, made from the places where they stand.

None where a place does not hold what it is thought to in one piece: a name over two lines or with escapes.
"""

from __future__ import annotations

import re

from specnet.diagnostics.diagnostic import Edit, Fix, Position
from specnet.syntax.emit import written


def renamed(place: Position | None, old: str, new: str) -> Fix | None:
    """Another name in place of one, in the same quotes if it has any."""
    if place is None or not new.isprintable():
        return None
    for quote in ("'", '"'):
        if place.text == f"{quote}{old}{quote}":
            return None if {quote, "\\"} & set(new) else place.replaced(f"{quote}{new}{quote}")
    return place.replaced(written(new)) if place.text == old else None


def rewritten(place: Position | None, old: str, new: str) -> Fix | None:
    """Another value in place of a text, in quotes or without; `new` is how it is written."""
    if place is None or place.text not in (old, f"'{old}'", f'"{old}"'):
        return None
    return place.replaced(new)


def quoted(place: Position | None) -> Fix | None:
    """Quotes around a plain value that is to be a name."""
    if place is None or not re.fullmatch("[A-Za-z0-9_.-]+", place.text):
        return None
    return place.replaced(f'"{place.text}"')


def entry_removed(key: Position, value: Position) -> Fix | None:
    """A mapping without one of its entries, which stands on one line, and not alone.

    The line goes if nothing else is on it; a comment stays.
    """
    line, start, end = key.source, key.column - 1, value.column - 1 + value.width
    if key.line != value.line or not re.fullmatch(r"\s*:\s+", line[start + key.width : value.column - 1]):
        return None
    before, after = line[:start], line[end:]
    if not before.strip():
        if re.fullmatch(r"\s*,?\s*", after):
            return Fix(key.file, (Edit((key.line, 1), (key.line + 1, 1), ""),))
        behind = re.match(r"\s*,\s*|\s*(?=#)|", after)
        return key.edited((start + 1, end + 1 + (behind.end() if behind else 0), ""))
    if comma := re.search(r"\s*,\s*$", before):
        return key.edited((comma.start() + 1, end + 1, ""))
    if comma := re.match(r"\s*,\s*", after):
        return key.edited((start + 1, end + 1 + comma.end(), ""))
    return None


def entry_added(holder: Position, key: Position, value: Position, entry: str) -> Fix | None:
    """A mapping with a further entry. `holder` is its place, `key` and `value` those of one that it has."""
    if holder.source[holder.column - 1 : holder.column] != "{":
        indent = key.source[: key.column - 1]
        if indent.strip(" "):
            return None
        return Fix(key.file, (Edit((key.line, 1), (key.line, 1), f"{indent}{entry}\n"),))
    if value.line == key.line and value.text[:1] not in ("[", "{", ""):
        at = value.column + value.width
        return key.edited((at, at, f", {entry}"))
    return key.edited((key.column, key.column, f"{entry}, "))
