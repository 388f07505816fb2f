"""`specnet diff`."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from specnet.cli.inputs import STDIN, read_document
from specnet.cli.options import SPEC
from specnet.cli.output import ignore_broken_pipe, print_json
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import is_live, say

if TYPE_CHECKING:
    from specnet.diffs.diff import Diff
    from specnet.diffs.variants import Variants

HELP = "show what changed between two specs, or in several variants of one, and what follows from it"
EXAMPLE = """examples:
  specnet diff specs/alexnet.yaml specs/alexnet_one_group.yaml
  specnet diff HEAD~1:specs/alexnet.yaml specs/alexnet.yaml --exit-code
  specnet diff runs/first runs/second
  specnet diff specs/alexnet.yaml specs/variants/*.yaml
"""
STYLES = {"+": "green", "-": "red", "~": "yellow", ">": "cyan"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", help=SPEC)
    parser.add_argument("after", help="the same")
    parser.add_argument(
        "more", nargs="*", metavar="more", help="further variants of the first: a table of all of them"
    )
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
    found = _compared([options.before, options.after, *options.more])
    with ignore_broken_pipe():
        if options.json:
            print_json(found.as_json())
        elif options.md:
            say(found.as_markdown(everything=options.all, option="--all"))
        else:
            for line in _text(found, options.all).split("\n"):
                say(line, style=STYLES.get(line.lstrip()[:2].rstrip()))
    return 1 if options.exit_code and found else 0


def _compared(paths: list[str]) -> Diff | Variants:
    """The diff of two specs, or those of all others against the first."""
    from specnet.network.network import examine

    if paths.count("-") > 1:
        which, others = ("two specs", "other one's path") if len(paths) == 2 else ("specs", "others' paths")
        raise UsageError(f"only one of the {which} can come from standard input", f"give the {others}")
    base, *variants = ((STDIN if path == "-" else path, examine(read_document(path))) for path in paths)
    if len(variants) == 1:
        from specnet.diffs.diff import compare

        return compare(base[1], variants[0][1])
    from specnet.diffs.variants import compare_variants

    return compare_variants(base, *variants)


def _text(found: Diff | Variants, everything: bool) -> str:
    from specnet.diffs.diff import Diff

    if isinstance(found, Diff):
        return found.text(everything=everything, option="--all")
    width = shutil.get_terminal_size().columns if is_live(sys.stdout) else None
    ways = "a wider terminal, a pipe or --md"
    return found.text(everything=everything, option="--all", width=width, full_views=ways)
