"""`specnet diff`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.common import open_document, print_json
from specnet.errors import UsageError
from specnet.terminal import styled

if TYPE_CHECKING:
    from specnet.document import Document

HELP = "show what changed between two specs, and what follows from it"
EXAMPLE = """example:
  specnet diff specs/alexnet.yaml specs/alexnet_one_group.yaml
  specnet diff HEAD~1:specs/alexnet.yaml specs/alexnet.yaml --exit-code
"""
STYLES = {"+": "green", "-": "red", "~": "yellow", ">": "cyan"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = "path of a spec, REVISION:PATH as git takes it, or - for standard input"
    parser.add_argument("before", help=what)
    parser.add_argument("after", help=what)
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if anything changed")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every change on a line of its own, and every shape; else what is alike is gathered",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--md", action="store_true", help="print Markdown")


def run(options: argparse.Namespace) -> int:
    from specnet import spec
    from specnet.spec_diff import compare

    if options.before == options.after == "-":
        raise UsageError(
            "only one of the two specs can come from standard input", "give the other one's path"
        )
    before, after = (spec.load(_document(name)) for name in (options.before, options.after))
    found = compare(before, after)
    if options.json:
        print_json(found.as_json())
    elif options.md:
        print(found.as_markdown(everything=options.all))
    else:
        for line in found.text(everything=options.all).split("\n"):
            style = STYLES.get(line[:2].rstrip())
            print(styled(line, style, sys.stdout) if style else line)
    return 1 if options.exit_code and found else 0


def _document(name: str) -> Document:
    """The document at a path, on standard input, or in a revision that git knows: `HEAD~1:specs/a.yaml`."""
    revision, colon, path = name.partition(":")
    if name == "-" or not colon or Path(name).exists():
        return open_document(name)
    try:
        done = subprocess.run(["git", "show", f"{revision}:{path}"], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError(f"cannot read {name}: git is not installed", "name a file") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1].removeprefix("fatal: ")
        hint = "paths are those of the repository's root; ./PATH is relative to here"
        raise UsageError(f"cannot read {name}: {reason}", hint)
    from specnet import document

    return document.parse(done.stdout, name)
