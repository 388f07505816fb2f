"""`specnet schema`."""

from __future__ import annotations

import argparse
import json

from specnet.cli.output import write_text

HELP = "write the language as a JSON Schema, which editors complete, check and explain keys from"
EXAMPLE = """examples:
  specnet schema -o specnet.schema.json

and as the first line of a spec beside it:
  # yaml-language-server: $schema=specnet.schema.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: standard output")


def run(options: argparse.Namespace) -> int:
    from specnet.spec.json_schema import json_schema

    write_text(options.output, json.dumps(json_schema(), indent=1) + "\n")
    return 0
