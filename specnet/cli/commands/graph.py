"""`specnet graph`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from specnet.cli.inputs import load_network
from specnet.cli.options import SPEC, add_overrides
from specnet.cli.output import write
from specnet.diagnostics.errors import UsageError

if TYPE_CHECKING:
    from specnet.network.network import Network

HELP = "draw a network, or what changed between two, as SVG, PNG, HTML, Mermaid or Graphviz"
EXAMPLE = """examples:
  specnet graph specs/alexnet.yaml -o alexnet.svg
  specnet graph specs/alexnet.yaml -o - --format mmd
  specnet graph --diff specs/alexnet.yaml specs/alexnet_one_group.yaml -o changes.html
  specnet graph --diff HEAD~1:specs/alexnet.yaml specs/alexnet.yaml -o changes.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", nargs="?", help=SPEC)
    parser.add_argument(
        "--diff",
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="draw what changed between two specs, each named in the same ways",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the picture: FILE.svg, .png, .html, .mmd (Mermaid) or .dot (Graphviz); - is standard output",
    )
    parser.add_argument("--format", metavar="FORMAT", help="svg, png, html, mmd or dot (default: the suffix)")
    add_overrides(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.drawing.draw import draw, format_of

    form = format_of(options.output, options.format)
    before, after = _networks(options)
    write(options.output, draw(after, form, before))
    return 0


def _networks(options: argparse.Namespace) -> tuple[Network | None, Network]:
    """What to draw: the network before, if there is one, and the network."""
    if options.diff is None:
        if options.spec is None:
            raise UsageError("no spec is given", "specnet graph SPEC -o FILE, or --diff BEFORE AFTER -o FILE")
        return None, load_network(options.spec, options.overrides)
    if options.spec is not None:
        raise UsageError(
            f"--diff takes two specs, and '{options.spec}' is a third", "leave one of the three out"
        )
    if options.overrides:
        raise UsageError("--set and --diff cannot be combined", "edit one of the two files")
    if options.diff == ["-", "-"]:
        raise UsageError(
            "only one of the two specs can come from standard input", "give the other one's path"
        )
    before, after = (load_network(path) for path in options.diff)
    return before, after
