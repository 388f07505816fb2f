"""`specnet validate`."""

from __future__ import annotations

import argparse

from specnet.cli.common import add_json, add_spec, open_document, print_json, report

HELP = "check a spec: schema, graph, groups, shapes and recipe"
EXAMPLE = """example:
  specnet validate specs/alexnet.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_spec(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.errors import SpecError
    from specnet.network import examine

    try:
        network, found = examine(open_document(options.spec, options.overrides))
    except SpecError as error:
        network, found = None, error.diagnostics
    if options.json:
        diagnostics = [diagnostic.as_json() for diagnostic in found]
        print_json({"schema_version": 1, "valid": network is not None, "diagnostics": diagnostics})
    else:
        report(found)
        if network is not None:
            layers, groups = len(network.graph.order), ", ".join(network.spec.groups)
            print(f"{options.spec} is valid: {network.spec.name}, {layers} layers on {groups}")
    return 0 if network is not None else 1
