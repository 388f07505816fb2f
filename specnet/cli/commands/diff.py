"""`specnet diff`."""

from __future__ import annotations

import argparse

from specnet.cli.inputs import read_document
from specnet.cli.options import SPEC
from specnet.cli.output import ignore_broken_pipe, print_json
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say

HELP = "show what changed between two specs, and what follows from it"
EXAMPLE = """example:
  specnet diff specs/alexnet.yaml specs/alexnet_one_group.yaml
  specnet diff HEAD~1:specs/alexnet.yaml specs/alexnet.yaml --exit-code
  specnet diff runs/first runs/second
"""
STYLES = {"+": "green", "-": "red", "~": "yellow", ">": "cyan"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", help=SPEC)
    parser.add_argument("after", help=SPEC)
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
    from specnet.diffs.diff import compare
    from specnet.network.network import examine

    if options.before == options.after == "-":
        raise UsageError(
            "only one of the two specs can come from standard input", "give the other one's path"
        )
    before, after = (examine(read_document(name)) for name in (options.before, options.after))
    diff = compare(before, after)
    with ignore_broken_pipe():
        if options.json:
            print_json(diff.as_json())
        elif options.md:
            say(diff.as_markdown(everything=options.all, option="--all"))
        else:
            for line in diff.text(everything=options.all, option="--all").split("\n"):
                style = STYLES.get(line[:2].rstrip())
                say(line, style=style)
    return 1 if options.exit_code and diff else 0
