"""`specnet table`."""

from __future__ import annotations

import argparse
import shutil
import sys

from specnet.cli.inputs import load_network
from specnet.cli.options import add_spec, count
from specnet.cli.output import ignore_broken_pipe, print_json

HELP = "print the layer table: shapes, windows, parameters, multiply-accumulates, memory and traffic"
EXAMPLE = """examples:
  specnet table specs/alexnet.yaml
  specnet table specs/alexnet.yaml --set layers.conv1.filters=64 --batch-size 32
  specnet table specs/alexnet.yaml --md
  specnet table specs/zoo/resnet50.yaml --fold
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_spec(parser)
    parser.add_argument(
        "--batch-size",
        type=count,
        metavar="N",
        help="images in a step, for memory and traffic (the recipe's)",
    )
    parser.add_argument(
        "--fold",
        action="store_true",
        help="one line for the layers of a block, and for others whose names begin alike up to a dot",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument("--md", action="store_true", help="print Markdown")
    form.add_argument("--csv", action="store_true", help="print a line for each layer, for a spreadsheet")


def run(options: argparse.Namespace) -> int:
    from specnet.tables.build import make
    from specnet.terminal.output import is_live, say

    made = make(load_network(options.spec, options.overrides), options.batch_size, fold=options.fold)
    with ignore_broken_pipe():
        if options.json:
            print_json(made.as_json())
        elif options.md:
            say(made.as_markdown())
        elif options.csv:
            say(made.as_csv(), end="")
        else:
            width = shutil.get_terminal_size().columns if is_live(sys.stdout) else None
            say(made.text(width, "a wider terminal, a pipe, --md or --csv"))
    return 0
