"""Progress with an ETA: one line drawn over and over on a terminal, a plain line now and then in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from specnet.terminal.output import CLEAR_LINE, is_live, spoken
from specnet.text import duration

EVERY = {True: 0.2, False: 10.0}
"""Seconds between two lines, on a live terminal and elsewhere."""


class Progress:
    """Shows how far a long piece of work is. `note` prints a line that stays, in `words` of its own."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        quiet: bool = False,
        words: Callable[[str], str] | None = None,
    ) -> None:
        self._words = words
        self._stream = stream or sys.stderr
        self._live = is_live(self._stream)
        self._quiet = quiet
        self._drawn = False
        self._start(0)

    def begin(self, done: int = 0) -> None:
        """A new piece of work starts, of which `done` units are done already."""
        self._start(done)

    def _start(self, done: int) -> None:
        self._began = self._shown = time.monotonic()
        self._first = done

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A shorter piece of work in the middle of another, with an ETA of its own."""
        outer = self._began, self._first
        self._began, self._first = time.monotonic(), 0
        try:
            yield
        finally:
            self._began, self._first = outer

    def show(self, label: str, done: int, total: int, details: str = "") -> bool:
        """`done` of `total` units are done. Most calls draw nothing; returns whether this one did."""
        now = time.monotonic()
        if self._quiet or now - self._shown < EVERY[self._live]:
            return False
        self._shown = now
        worked = done - self._first
        left = (now - self._began) / worked * (total - done) if worked > 0 else None
        eta = f"ETA {duration(left)}" if left is not None else "ETA ?"
        # The details come last: they are what a narrow terminal cuts off.
        self._draw("  ".join(part for part in (f"{label} {done}/{total}", eta, details) if part))
        return True

    def note(self, text: str) -> None:
        """A line that stays."""
        if self._quiet:
            return
        self.clear()
        self._write(f"{spoken(self._words(text) if self._words else text, self._stream)}\n")

    def clear(self) -> None:
        """Take the drawn line away."""
        if self._drawn:
            self._write(CLEAR_LINE)
            self._drawn = False

    def _draw(self, text: str) -> None:
        text = spoken(text, self._stream)
        if self._live:
            self._write(f"{CLEAR_LINE}{text[: _columns(self._stream) - 1]}")
            self._drawn = True
        else:
            self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        """A terminal or a reader that has gone away is no reason to stop working."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._quiet = True


def _columns(stream: TextIO) -> int:
    """How wide the terminal is that a stream writes to; COLUMNS overrides it."""
    try:
        wide = 0 if os.environ.get("COLUMNS") else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        wide = 0
    return wide or shutil.get_terminal_size().columns
