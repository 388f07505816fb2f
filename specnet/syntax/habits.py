"""What people write out of habit: tuples as in Python, decimal commas, sizes as 3x3."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position

_TUPLE = re.compile(r"\(\s*([^()]*?)\s*,?\s*\)")
_ITEMS = re.compile(r"[\w.+-]+(\s*,\s*[\w.+-]+)*")
_COMMA = re.compile(r"(?<![\w.,+-])([-+]?\d+),(\d+(?:[eE][-+]?\d+)?)(?![\w.]|,\S)")
_TIMES = re.compile(r"(\d+)\s*[xX*\u00d7]\s*(\d+)")
_RULES = (
    rules.KEY_NOT_TEXT,
    rules.UNKNOWN_KEY,
    rules.WRONG_TYPE,
    rules.BAD_NAME,
    rules.UNKNOWN_LAYER,
)
"""What findings about such an expression are about."""
_NEAR = 100
"""Characters on either side of a finding that are looked at."""


def recognised(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics, of which those about one such expression are a single one that says how it is written."""
    seen: dict[Position, Diagnostic] = {}
    made: list[Diagnostic] = []
    for finding in diagnostics:
        known = _recognised(finding)
        if known is finding or known.position is None:
            made.append(finding)
        elif known.position not in seen:
            seen[known.position] = known
            made.append(known)
    return made


def _recognised(finding: Diagnostic) -> Diagnostic:
    place = finding.position
    if place is None or finding.rule not in _RULES:
        return finding
    match = _around(_TUPLE, place)
    if match and ("," in match[1] or finding.rule is rules.WRONG_TYPE):
        certain = f"[{match[1]}]" if "," in match[0] and _ITEMS.fullmatch(match[1]) else None
        hint = f"a list has square brackets: [{match[1]}]"
        return _as(finding, place, match, "is not a list", hint, certain)
    if finding.rule not in (rules.KEY_NOT_TEXT, rules.WRONG_TYPE):
        return finding
    match = _around(_COMMA, place)
    sizes = "[height, width]" in finding.message
    if match and (finding.rule is rules.KEY_NOT_TEXT or len(match[0]) == place.width):
        integer, decimals = match[1], match[2]
        point = "" if sizes else f"write {integer}.{decimals}, with a point"
        pair = "" if integer.lstrip("+-") == "0" else f"write [{integer}, {decimals}] for two numbers"
        certain = f"[{integer}, {decimals}]" if sizes else f"{integer}.{decimals}"
        hint = "; or ".join(filter(None, (point, pair)))
        return _as(finding, place, match, "is not a number", hint, None if point and pair else certain)
    match = _around(_TIMES, place) if sizes else None
    if match and len(match[0]) == place.width:
        size = f"[{match[1]}, {match[2]}]"
        return _as(finding, place, match, "is not a size", f"write {size}", size)
    return finding


def _around(pattern: re.Pattern[str], place: Position) -> re.Match[str] | None:
    """The match that covers the place."""
    at = place.column - 1
    start = max(0, at - _NEAR)
    for match in pattern.finditer(place.source, start, at + _NEAR):
        if match.start() <= at < match.end():
            return match
    return None


def _as(
    finding: Diagnostic, place: Position, match: re.Match[str], complaint: str, hint: str, certain: str | None
) -> Diagnostic:
    """The finding at the expression. `certain` is how it is written, if there is one way."""
    where = replace(place, column=match.start() + 1, width=len(match[0]))
    fix = None if certain is None else where.replaced(certain)
    return replace(finding, message=f"'{match[0]}' {complaint}", position=where, hint=hint, fix=fix)
