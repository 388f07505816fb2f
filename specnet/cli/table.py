"""`specnet table`."""

from __future__ import annotations

import argparse

from specnet.cli.common import add_json, add_spec, load_spec, print_json

HELP = "print the layer table: shapes, parameters, multiply-accumulates"
EXAMPLE = """example:
  specnet table specs/alexnet.yaml
  specnet table specs/alexnet.yaml --set layers.conv1.filters=64 --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_spec(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    import specnet

    made = specnet.table(load_spec(options.spec, options.overrides))
    if options.json:
        print_json(made.as_json())
    else:
        print(made)
    return 0
