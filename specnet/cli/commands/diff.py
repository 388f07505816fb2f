"""`specnet diff`."""

from __future__ import annotations

import argparse
import os
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
    parser.add_argument("specs", nargs="+", metavar="SPEC", help=f"two, or a base and its variants: {SPEC}")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if anything changed")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every change on a line of its own, and every shape; else what is alike is gathered",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--md", action="store_true", help="print Markdown")
    form.add_argument("--git", action="store_true", help="print what git asks of a driver: diff.NAME.command")


def run(options: argparse.Namespace) -> int:
    if options.git:
        from specnet.cli import git_driver
        from specnet.diffs.diff import compare

        told = git_driver.shown(options.specs, lambda *sides: _text(compare(*sides), options.all))
        say(f"specnet diff {options.specs[0]}", style="bold")
        _say(f"{told}\n")
        return 0
    if len(options.specs) == 2 and options.specs.count(os.devnull) == 1 and not (options.json or options.md):
        _say_alone(*options.specs)
        return 1 if options.exit_code else 0
    found = _compared(options.specs)
    with ignore_broken_pipe():
        if options.json:
            print_json(found.as_json())
        elif options.md:
            say(found.as_markdown(everything=options.all, option="--all"))
        else:
            _say(_text(found, options.all))
    return 1 if options.exit_code and found else 0


def _say(told: str) -> None:
    """Lines, those of changes in colour."""
    for line in told.split("\n"):
        say(line, style=STYLES.get(line.lstrip()[:2].rstrip()))


def _say_alone(before: str, after: str) -> None:
    """A spec that came or went: where there is none, git names the null device."""
    from specnet.cli.git_driver import alone
    from specnet.network.network import examine

    _say(alone(*(None if path == os.devnull else examine(read_document(path)) for path in (before, after))))


def _compared(paths: list[str]) -> Diff | Variants:
    """The diff of two specs, or those of all others against the first."""
    from specnet.network.network import examine

    if len(paths) == 1:
        raise UsageError("only one spec is given", "specnet diff BEFORE AFTER, or BASE and several variants")
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
