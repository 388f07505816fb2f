"""What the terminal can do: colour, and lines that are drawn over."""

from __future__ import annotations

import os
from typing import TextIO

STYLES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}


def is_live(stream: TextIO | None) -> bool:
    """Whether a person watches the stream on a terminal that can move its cursor; a closed one is None."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def has_color(stream: TextIO | None) -> bool:
    """Whether to colour: NO_COLOR, then FORCE_COLOR (0 is never), then whether it is a capable terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return is_live(stream)


def styled(text: str, style: str, stream: TextIO | None) -> str:
    """The text in a colour, where the stream has colours."""
    return f"\033[{STYLES[style]}m{text}\033[0m" if has_color(stream) else text
