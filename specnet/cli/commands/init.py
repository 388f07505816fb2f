"""`specnet init`."""

from __future__ import annotations

import argparse
from pathlib import Path

from specnet.cli.output import write_text
from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.suggestions import suggestion
from specnet.terminal.output import say

HELP = "write a commented spec to start from, a copy of a shipped one"
EXAMPLE = """examples:
  specnet init mine.yaml
  specnet init mine.yaml --from resnet18
  specnet init mine.yaml --from zoo/mobilenet_v3_small
  specnet init --list
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "output", nargs="?", metavar="FILE", help="the spec to write, or - for standard output"
    )
    parser.add_argument("--from", default="lenet5", metavar="NAME", dest="source", help="default: lenet5")
    parser.add_argument("--list", action="store_true", help="list the shipped specs")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def run(options: argparse.Namespace) -> int:
    from specnet.spec.names import NAME
    from specnet.spec.starter import SCHEMA_FILE, commented, named, shipped

    known = shipped()
    if options.list:
        say("\n".join(known))
        return 0
    if options.output is None:
        raise UsageError("no file is named", "specnet init mine.yaml, or specnet init --list")
    source = named(options.source)
    if source is None:
        raise UsageError(
            f"there is no shipped spec '{options.source}'", suggestion(options.source, known, noun="spec")
        )
    name = Path(options.output).stem if options.output != "-" else Path(source).name
    if not NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be the name of a network", "name the file with letters, digits, '_' and '-'"
        )
    if options.output != "-" and Path(options.output).exists() and not options.force:
        raise UsageError(f"{options.output} exists", "name another file, or add --force")
    write_text(options.output, commented(known[source], name))
    if options.output != "-":
        beside = Path(options.output).parent / SCHEMA_FILE
        say(f"wrote {options.output}, a copy of {source}")
        say(f"  specnet validate {options.output}")
        say(f"  specnet schema -o {beside}    so that an editor completes and explains its keys")
    return 0
