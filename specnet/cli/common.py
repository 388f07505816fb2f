"""What several commands share: reading a spec, saying what is wrong, common options."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.errors import Diagnostic, UsageError
from specnet.terminal import styled
from specnet.text import plural

if TYPE_CHECKING:
    from specnet.document import Document
    from specnet.spec import Spec


def add_spec(parser: argparse.ArgumentParser) -> None:
    """The spec's path and `--set`."""
    parser.add_argument("spec", help="path of a spec, or - for standard input")
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
        choices=("float32", "float64", "bfloat16"),
        help="what layers compute in (default: float32); with bfloat16 the parameters stay float32",
    )


def count(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def open_document(path: str, overrides: Sequence[str] = ()) -> Document:
    """The document at a path or on standard input, with overrides applied."""
    from specnet import document

    opened = document.parse(sys.stdin.buffer.read(), "<stdin>") if path == "-" else document.read(path)
    for assignment in overrides:
        opened.override(assignment)
    return opened


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


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def report(diagnostics: Sequence[Diagnostic]) -> None:
    """Findings on stderr, and how many there are."""
    for diagnostic in diagnostics:
        style = "red" if diagnostic.severity == "error" else "yellow"
        first, *rest = str(diagnostic).split("\n")
        print("\n".join([styled(first, style, sys.stderr), *rest]), file=sys.stderr)
    counts = [
        plural(sum(d.severity == severity for d in diagnostics), severity)
        for severity in ("error", "warning")
        if any(d.severity == severity for d in diagnostics)
    ]
    if counts:
        print(", ".join(counts), file=sys.stderr)


def complain(message: str, hint: str | None) -> None:
    """One error on stderr."""
    print(f"{styled('specnet: error:', 'red', sys.stderr)} {message}", file=sys.stderr)
    if hint:
        print(f"  hint: {hint}", file=sys.stderr)


def write_text(path: str, text: str) -> None:
    """Write a file, or standard output for `-`. Raises `UsageError` if it cannot be written."""
    if path == "-":
        print(text, end="")
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        hint = "name a file in a directory that exists and may be written to"
        raise UsageError(f"cannot write {path}: {error.strerror}", hint) from error
