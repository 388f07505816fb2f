"""`specnet merge`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from specnet.cli.inputs import STDIN, is_revision, read_content
from specnet.cli.options import SPEC, add_json
from specnet.cli.output import ignore_broken_pipe, print_json, write
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say
from specnet.text import plural, printable

if TYPE_CHECKING:
    from specnet.syntax.document import Document

HELP = "merge two specs that were made from one, by meaning"
EXAMPLE = """examples:
  specnet merge base.yaml ours.yaml theirs.yaml -o merged.yaml
  specnet merge HEAD~1:specs/net.yaml specs/net.yaml feature:specs/net.yaml
  git config merge.specnet.driver "specnet merge %O %A %B --path %P"

exit codes: 0 merged; 1 conflicts, marked in the file; 2 usage, input or output
"""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LARGEST = 512 * 2**10
"""Bytes of a spec that is merged, some ten thousand layers: each is read and compared several times."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    about = f"what both were made from, {SPEC}; an empty file for specs that are both new"
    parser.add_argument("base", metavar="BASE", help=about)
    parser.add_argument(
        "ours", metavar="OURS", help="the spec whose text is kept; the result is written to it"
    )
    parser.add_argument("theirs", metavar="THEIRS", help="the spec whose changes are taken into it")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the result there instead; - is standard output"
    )
    parser.add_argument("--path", metavar="PATH", help="what the file is called in what is said: git's %%P")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.merging.merge import merge

    output = _output(options)
    base = _read("base", options.base, options.path)
    ours, theirs = (_read(side, getattr(options, side), options.path) for side in ("ours", "theirs"))
    if ours is None or theirs is None:
        side, path = ("ours", options.ours) if ours is None else ("theirs", options.theirs)
        raise UsageError(f"{printable(path)} is empty", f"only BASE may be, and this is {side.upper()}")
    made = merge(base and base[0], ours[0], theirs[0])
    if output == options.ours:
        _check_replaceable(output, ours[1])
    mark = BYTE_ORDER_MARK if ours[1].startswith(BYTE_ORDER_MARK) else b""
    write(output, mark + made.text.encode())
    if options.json:
        print_json(made.as_json())
    with ignore_broken_pipe():
        for conflict in made.conflicts if not options.json else ():
            for number, line in enumerate(conflict.lines()):
                say(line, style=None if number else "red", to=sys.stderr)
        if made.conflicts and not options.json:
            say(plural(len(made.conflicts), "conflict"), to=sys.stderr)
    return 1 if made.conflicts else 0


def _output(options: argparse.Namespace) -> str:
    """Where the result goes."""
    given = options.base, options.ours, options.theirs
    if given.count("-") > 1:
        raise UsageError("only one of the specs can come from standard input", "give the others' paths")
    output: str = options.output or options.ours
    if options.json and output == "-":
        raise UsageError("--json is for standard output, and so is the result", "-o FILE writes the result")
    if options.output is None and (output == "-" or is_revision(output)):
        raise UsageError(f"the result cannot be written to {printable(output)}", "-o FILE says where to")
    return output


def _read(side: str, path: str, shown: str | None) -> tuple[Document, bytes] | None:
    """A document and its bytes; None for an empty file, and where git names the null device."""
    from specnet.syntax import document

    if path == os.devnull:
        return None
    raw, name = read_content(path)
    if not raw.strip():
        return None
    if len(raw) > LARGEST:
        raise UsageError(f"{printable(name)} is larger than {LARGEST:,} bytes, too large to merge")
    return document.parse(raw, f"{side}:{shown}" if shown else STDIN if path == "-" else name), raw


def _check_replaceable(path: str, raw: bytes) -> None:
    """Raise `UsageError` for the spec of a run, whose checksum would not be that of another text."""
    from specnet.storage.checksum import MARK

    if f"\n{MARK}".encode() in raw:
        message = f"cannot change {printable(path)}: it is the spec of a run, with a checksum"
        raise UsageError(message, "-o FILE writes the result elsewhere")
