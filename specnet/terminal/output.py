"""The way out to a terminal: text that only prints, colour, and lines that are drawn over.

What is said may hold names and messages of strangers. `say` lets nothing through that a terminal would obey,
and nothing that its encoding cannot hold.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from specnet.text import printable

STYLES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}
PLAIN = str.maketrans("▁▂▃▄▅▆▇█", "_.,-=+*#")
"""What stands for bars where an encoding does not have them."""
CLEAR_LINE = "\r\033[K"


def say(text: object = "", *, style: str | None = None, end: str = "\n", to: TextIO | None = None) -> None:
    """Print text, on standard output unless told otherwise. Raises `OSError` if the stream cannot take it."""
    stream = sys.stdout if to is None else to
    if stream is None:
        return
    shown = spoken(str(text), stream)
    stream.write((styled(shown, style, stream) if style else shown) + end)


def spoken(text: str, stream: TextIO) -> str:
    """Text as a stream can show it: lines and tabs stay, other controls are escaped, and so is what the
    stream's encoding does not have; bars are then drawn with other characters."""
    text = printable(text, keep="\n\t")
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN)
    return text.encode(encoding, "backslashreplace").decode(encoding)


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
