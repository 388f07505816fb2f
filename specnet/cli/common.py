"""What several commands share: reading a spec, saying what is wrong, common options."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.errors import Diagnostic, UsageError
from specnet.terminal import say
from specnet.text import plural, printable

if TYPE_CHECKING:
    from specnet.document import Document
    from specnet.spec import Spec

SPEC = "path of a spec or of a run's folder, REVISION:PATH as git takes it, or - for standard input"
STDIN = "<stdin>"
LARGEST_COUNT = 10**12
MOST_FINDINGS = 100
"""Findings that are written out for people; JSON has all of them."""


def add_spec(parser: argparse.ArgumentParser) -> None:
    """The spec's path and `--set`."""
    parser.add_argument("spec", help=SPEC)
    add_overrides(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """`--set`."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="overrides",
        help="change the spec by name, for example layers.conv1.filters=64; may be repeated",
    )


def add_backend(parser: argparse.ArgumentParser) -> None:
    """`--backend` and `--devices`."""
    parser.add_argument("--backend", default="torch", metavar="NAME", help="torch (default), tensorflow, ...")
    parser.add_argument(
        "--devices",
        metavar="PLACES",
        help="gpu0=cuda:0,gpu1=cuda:1, or cuda:0,cuda:1 in group order, or one device for all groups "
        "(default: a GPU for each group, else one for all, else the CPU)",
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        choices=("float32", "tf32", "float64", "bfloat16"),
        help="what layers compute in (default: float32); with tf32 GPUs take products of float32 faster and "
        "with 10 bits, with bfloat16 the parameters stay float32",
    )


def whole_number(text: str) -> int:
    """A whole number, for argparse."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{printable(text)}' is not a whole number") from None


def count(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = whole_number(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    if number > LARGEST_COUNT:
        raise argparse.ArgumentTypeError(f"{text[:40]} is more than {LARGEST_COUNT:,}")
    return number


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def open_document(path: str, overrides: Sequence[str] = ()) -> Document:
    """The document at a path, in git or on standard input, with overrides applied."""
    opened = read_document(path)
    if overrides:
        from specnet.overrides import apply

        apply(opened, overrides)
    return opened


def read_document(path: str) -> Document:
    """The document at a path, on standard input, or in a revision that git knows: `HEAD~1:specs/a.yaml`."""
    from specnet import document

    if path == "-":
        return document.parse(_standard_input(document.MAX_BYTES), STDIN)
    if ":" not in path or Path(path).exists():
        return document.read(path)
    from specnet.storage import git

    return document.parse(git.read(path, document.MAX_BYTES), path)


def _standard_input(limit: int) -> bytes:
    from specnet.storage.reading import Unfit, read_stream

    if sys.stdin is None:
        raise UsageError("cannot read standard input: it is closed", "give a path")
    try:
        return read_stream(sys.stdin.buffer, limit)
    except Unfit as error:
        raise UsageError(f"cannot read standard input: {error}, too large for a spec") from None


def load_spec(path: str, overrides: Sequence[str] = ()) -> Spec:
    """A spec whose schema, graph and shapes are sound. Raises `SpecError` with all findings otherwise."""
    from specnet.errors import SpecError
    from specnet.network import examine

    network, found = examine(open_document(path, overrides))
    if network is None:
        raise SpecError(found)
    report(found)
    return network.spec


def load_specs(paths: Sequence[str], overrides: Sequence[str] = ()) -> list[Spec]:
    """Several sound specs. Raises `SpecError` with all findings in all of them if one is not."""
    from specnet.errors import SpecError

    specs: list[Spec] = []
    found: list[Diagnostic] = []
    for path in paths:
        try:
            specs.append(load_spec(path, overrides))
        except SpecError as error:
            found += error.diagnostics
    if found:
        raise SpecError(found)
    return specs


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
def readers_may_leave() -> Iterator[None]:
    """What is written in here may find no reader, and the command still ends with the code it has found."""
    try:
        yield
    except BrokenPipeError:
        flush()


@readers_may_leave()
def print_json(value: Any) -> None:
    say(json.dumps(finite(value), indent=1))


def finite(value: Any) -> Any:
    """The same with null for numbers that JSON does not have: NaN and the infinite ones."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    return [finite(part) for part in value] if isinstance(value, list | tuple) else value


@readers_may_leave()
def report(diagnostics: Sequence[Diagnostic]) -> None:
    """Findings on stderr, errors first if they are too many to show, and how many there are."""
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


@readers_may_leave()
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
