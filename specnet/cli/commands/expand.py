"""`specnet expand`."""

from __future__ import annotations

import argparse

from specnet.cli.inputs import read_document
from specnet.cli.options import SPEC
from specnet.cli.output import write_text

HELP = "write a spec out flat, with the layers that the uses of its blocks stand for"
EXAMPLE = """examples:
  specnet expand specs/zoo/resnet50.yaml
  specnet expand specs/zoo/resnet50.yaml -o flat.yaml
  specnet expand specs/alexnet.yaml --lines
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", help=SPEC)
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: standard output")
    parser.add_argument(
        "--lines",
        action="store_true",
        help="a line for each value, defaults written out, as diff compares them: for git's textconv",
    )


def run(options: argparse.Namespace) -> int:
    document = read_document(options.spec)
    if options.lines:
        from specnet.diffs.lines import lines
        from specnet.spec.spec import load

        text = "".join(f"{line}\n" for line in lines(load(document)))
    else:
        from specnet.spec.flat_text import flat_text

        text = flat_text(document)
    write_text(options.output, text)
    return 0
