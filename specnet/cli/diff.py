"""`specnet diff`."""

from __future__ import annotations

import argparse
import sys

from specnet.cli.common import add_json, open_document, print_json
from specnet.errors import UsageError
from specnet.terminal import styled

HELP = "show what changed between two specs, and what follows from it"
EXAMPLE = """example:
  specnet diff specs/alexnet.yaml specs/alexnet_one_group.yaml
"""
STYLES = {"+": "green", "-": "red", "~": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", help="path of a spec, or - for standard input")
    parser.add_argument("after", help="path of a spec, or - for standard input")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if anything changed")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet import spec
    from specnet.spec_diff import compare

    if options.before == options.after == "-":
        raise UsageError(
            "only one of the two specs can come from standard input", "give the other one's path"
        )
    before, after = (spec.load(open_document(path)) for path in (options.before, options.after))
    found = compare(before, after)
    if options.json:
        print_json(found.as_json())
    else:
        print(
            "\n".join(
                styled(line, STYLES.get(line[:1], "bold"), sys.stdout) if line[:2].strip() in STYLES else line
                for line in str(found).split("\n")
            )
        )
    return 1 if options.exit_code and found else 0
