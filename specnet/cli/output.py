"""What a command says: answers, findings, one error, files."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say
from specnet.text import plural

MOST_FINDINGS = 100
"""Diagnostics that are written out for people; JSON has all of them."""


def flush() -> None:
    """Write out what waits in the standard streams. One that cannot take it swallows it from now on.

    Raises `OSError` for a reason other than that nobody reads it any more.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if not isinstance(error, BrokenPipeError):
                raise


@contextmanager
def ignore_broken_pipe() -> Iterator[None]:
    """What is written in here may have no reader, and the command still ends with its own exit code."""
    try:
        yield
    except BrokenPipeError:
        flush()


@ignore_broken_pipe()
def print_json(value: Any) -> None:
    say(json.dumps(finite(value), indent=1))


def finite(value: Any) -> Any:
    """The same with null for numbers that JSON does not have: NaN and the infinite ones."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    return [finite(part) for part in value] if isinstance(value, list | tuple) else value


@ignore_broken_pipe()
def report(diagnostics: Sequence[Diagnostic]) -> None:
    """Diagnostics on stderr, errors first if they are too many to show, and how many there are."""
    shown = diagnostics
    if len(diagnostics) > MOST_FINDINGS:
        shown = sorted(diagnostics, key=lambda d: d.severity != "error")[:MOST_FINDINGS]
    for diagnostic in shown:
        style = "red" if diagnostic.severity == "error" else "yellow"
        first, *rest = str(diagnostic).split("\n")
        say(first, style=style, to=sys.stderr)
        if rest:
            say("\n".join(rest), to=sys.stderr)
    counts = [
        plural(sum(d.severity == severity for d in diagnostics), severity)
        for severity in ("error", "warning")
        if any(d.severity == severity for d in diagnostics)
    ]
    left = len(diagnostics) - len(shown)
    if left:
        say(f"and {left:,} more; specnet validate --output-format json lists all", to=sys.stderr)
    if counts:
        say(", ".join(counts), to=sys.stderr)


@ignore_broken_pipe()
def complain(message: str, hint: str | None) -> None:
    """One error on stderr."""
    say("specnet: error:", style="red", end=" ", to=sys.stderr)
    say(message, to=sys.stderr)
    if hint:
        say(f"  hint: {hint}", to=sys.stderr)


def write_text(path: str, text: str) -> None:
    """The same as `write` for text."""
    write(path, text.encode("utf-8"))


def write(path: str, content: bytes) -> None:
    """Write a file, or standard output for `-`. Raises `UsageError` if it cannot be written.

    What was in the file stays until all of the new content is on the disk.
    """
    if path == "-":
        if sys.stdout is None:
            raise UsageError("cannot write to standard output: it is closed", "name a file")
        sys.stdout.buffer.write(content)
        return
    from specnet.storage import atomic

    try:
        atomic.replace(Path(path), content)
    except OSError as error:
        hint = "name a file in a directory that exists and may be written to, or - for standard output"
        raise UsageError(f"cannot write {path}: {error.strerror}", hint) from error
