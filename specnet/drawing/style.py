"""Colours, type sizes and how wide a text will be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["same", "added", "removed", "changed"]
Family = Literal["input", "map", "units", "plain"]
"""Where a layer's box gets its colour from: `map` and `units` are layers that multiply by weights."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

BACKGROUND = "#f5f6f8"
PANEL = "#ffffff"
PANEL_LINE = "#dfe3e9"
INK = "#1b2430"
MUTED = "#5d6877"
LINE = "#8792a2"
CROSSING = "#e0531f"
CROSSING_TEXT = "#b93f12"
LINE_IN_DIFF = "#a7b0bd"
CROSSING_IN_DIFF = "#4b5563"
"""In a diff colour means change, so what stayed is grey and crossings stand out by weight."""

LINE_WEIGHT = 1.6
CROSSING_WEIGHT = 3.2


@dataclass(frozen=True, slots=True)
class Paint:
    """The colours of a box."""

    fill: str
    stroke: str
    text: str = INK
    muted: str = MUTED


FAMILIES: dict[Family, Paint] = {
    "input": Paint("#243042", "#243042", "#ffffff", "#c3ccd8"),
    "map": Paint("#e4effc", "#5a90d2"),
    "units": Paint("#ece8fb", "#8a76d0"),
    "plain": Paint("#f8f9fb", "#c6cdd7"),
}
STATUSES: dict[Status, Paint] = {
    "same": Paint("#fafbfc", "#cfd5dd", "#465060", "#7a8493"),
    "added": Paint("#dff5e5", "#2f9d56"),
    "removed": Paint("#fde7e7", "#d24a4a"),
    "changed": Paint("#fff1cc", "#c78a06"),
}
STATUS_TEXT: dict[Status, str] = {
    "same": MUTED,
    "added": "#1d7a3e",
    "removed": "#b53030",
    "changed": "#8a5d00",
}

SMALL = 11.0
"""The size of the lines in a box."""
INSET = 11.0
"""Between a box's edge and its lines."""
NARROWEST, WIDEST, WIDEST_IN_DIFF = 150.0, 268.0, 356.0
"""How wide boxes may be."""
ROOM_IN_DIFF = WIDEST_IN_DIFF - 2 * INSET

_NARROW = frozenset("ijlftrI.,:;'|!()[] -·")
_WIDE = frozenset("mwMW@%")
NARROWEST_LETTER = 0.38


def _letter(c: str) -> float:
    if c in _NARROW:
        return NARROWEST_LETTER
    return 0.9 if c in _WIDE else 0.7 if c.isupper() else 0.62


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is in a usual sans-serif face, on the wide side."""
    return sum(map(_letter, text)) * size * (1.06 if bold else 1)


def clipped(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The text, its end replaced by an ellipsis if it is wider than `room`."""
    most = int(room / (NARROWEST_LETTER * size)) + 1
    if len(text) <= most and text_width(text, size, bold=bold) <= room:
        return text
    text = text[:most]  # a stranger's may have a million letters
    while text and text_width(text + "…", size, bold=bold) > room:
        text = text[:-1]
    return text.rstrip(" ·,") + "…"
