"""`specnet diff`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.inputs import STDIN, read_document
from specnet.cli.options import SPEC
from specnet.cli.output import finite, ignore_broken_pipe, write_text
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import is_live, say

if TYPE_CHECKING:
    from specnet.diffs.diff import Diff
    from specnet.diffs.variants import Variants
    from specnet.network.network import Examination

HELP = "show what changed between two specs, or in several variants of one, and what follows from it"
EXAMPLE = """examples:
  specnet diff specs/alexnet.yaml specs/alexnet_one_group.yaml
  specnet diff HEAD~1:specs/alexnet.yaml specs/alexnet.yaml --exit-code
  specnet diff runs/first runs/second
  specnet diff specs/alexnet.yaml specs/variants/*.yaml
  specnet diff HEAD~1:specs/alexnet.yaml specs/alexnet.yaml -o review.html
"""
STYLES = {"+": "green", "-": "red", "~": "yellow", ">": "cyan"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("specs", nargs="+", metavar="SPEC", help=f"two, or a base and its variants: {SPEC}")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if anything changed")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every change on a line of its own, and all that follows; else what is alike is gathered, and "
        "a dozen lines are told of what follows",
    )
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="write FILE.html, .md, .json or another as text; - is standard output",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_const", const="json", dest="form", help="one JSON document")
    form.add_argument("--md", action="store_const", const="md", dest="form", help="Markdown")
    form.add_argument(
        "--html",
        action="store_const",
        const="html",
        dest="form",
        help="a page for a reviewer, with a picture",
    )
    form.add_argument(
        "--git",
        action="store_const",
        const="git",
        dest="form",
        help="what git asks of a driver, diff.NAME.command",
    )


def run(options: argparse.Namespace) -> int:
    form = options.form or _form_of(options.output)
    if form == "git":
        return _driven(options.specs, options.all)
    if form == "text" and len(options.specs) == 2 and options.specs.count(os.devnull) == 1:
        _say_alone(*options.specs)
        return 1 if options.exit_code else 0
    sides = _examined(options.specs)
    found = _compared(sides)
    if form == "html":
        from specnet.drawing import review

        write_text(options.output, review.page_of(found, *(side.network for _, side in sides)))
    elif options.output != "-":
        write_text(options.output, _answer(found, form, options.all) + "\n")
    else:
        with ignore_broken_pipe():
            _say(_answer(found, form, options.all), in_color=form == "text")
    return 1 if options.exit_code and found else 0


def _form_of(output: str) -> str:
    """The form that a file's suffix means."""
    from specnet.drawing.draw import FORMATS

    suffix = Path(output).suffix.removeprefix(".").lower()
    if suffix != "html" and suffix in FORMATS:
        raise UsageError(f"diff draws no .{suffix}", f"specnet graph --diff BEFORE AFTER -o {output} does")
    return suffix if suffix in ("html", "json", "md") else "text"


def _answer(found: Diff | Variants, form: str, everything: bool) -> str:
    if form == "json":
        return json.dumps(finite(found.as_json()), indent=1)
    if form == "md":
        return found.as_markdown(everything=everything, option="--all")
    return _text(found, everything)


def _driven(arguments: list[str], everything: bool) -> int:
    """What git asked of its driver."""
    from specnet.cli import git_driver
    from specnet.diffs.diff import compare

    told = git_driver.shown(arguments, lambda *sides: _text(compare(*sides), everything))
    say(f"specnet diff {arguments[0]}", style="bold")
    _say(f"{told}\n")
    return 0


def _say(told: str, *, in_color: bool = True) -> None:
    """Lines, those of changes in colour."""
    for line in told.split("\n"):
        say(line, style=STYLES.get(line.lstrip()[:2].rstrip()) if in_color else None)


def _say_alone(before: str, after: str) -> None:
    """A spec that came or went: where there is none, git names the null device."""
    from specnet.cli.git_driver import alone
    from specnet.network.network import examine

    _say(alone(*(None if path == os.devnull else examine(read_document(path)) for path in (before, after))))


def _examined(paths: list[str]) -> list[tuple[str, Examination]]:
    from specnet.network.network import examine

    if len(paths) == 1:
        raise UsageError("only one spec is given", "specnet diff BEFORE AFTER, or BASE and several variants")
    if paths.count("-") > 1:
        which, others = ("two specs", "other one's path") if len(paths) == 2 else ("specs", "others' paths")
        raise UsageError(f"only one of the {which} can come from standard input", f"give the {others}")
    return [(STDIN if path == "-" else path, examine(read_document(path))) for path in paths]


def _compared(sides: list[tuple[str, Examination]]) -> Diff | Variants:
    """The diff of two specs, or those of all others against the first."""
    base, *variants = sides
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
