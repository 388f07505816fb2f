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
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", help=SPEC)
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: standard output")


def run(options: argparse.Namespace) -> int:
    from specnet.spec.flat_text import flat_text

    write_text(options.output, flat_text(read_document(options.spec)))
    return 0
