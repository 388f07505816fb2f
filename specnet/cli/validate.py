"""`specnet validate`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from specnet.cli.common import add_overrides, open_document, print_json, report
from specnet.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    from specnet.network import Network

HELP = "check specs: schema, graph, groups, shapes and recipe"
EXAMPLE = """examples:
  specnet validate specs/alexnet.yaml
  specnet validate specs/*.yaml --output-format github
  specnet validate specs/alexnet.yaml --device-memory 3GiB

`specnet explain CODE` explains a finding. Warnings leave the exit code at 0 unless there is --strict.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", nargs="+", help="paths of specs, or - for standard input")
    add_overrides(parser)
    parser.add_argument(
        "--output-format",
        choices=("text", "json", "github"),
        default="text",
        help="text on standard error (default), one JSON document, or annotations for GitHub Actions",
    )
    parser.add_argument(
        "--json", action="store_const", const="json", dest="output_format", help="the same as json above"
    )
    parser.add_argument(
        "--device-memory", metavar="AMOUNT", help="warn of groups that cannot fit it, for example 24GiB"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")


def run(options: argparse.Namespace) -> int:
    if options.overrides and len(options.spec) > 1:
        raise UsageError("--set changes one spec, and several are given", "give one of them")
    found: list[Diagnostic] = []
    lines: list[str] = []
    for path in options.spec:
        network, own = _examined(path, options)
        found += own
        if network is not None:
            layers, groups = len(network.graph.order), ", ".join(network.spec.groups)
            lines.append(f"{path} is valid: {network.spec.name}, {layers} layers on {groups}")
    valid = len(lines) == len(options.spec)
    if options.output_format == "json":
        diagnostics = [diagnostic.as_json() for diagnostic in found]
        print_json({"schema_version": 1, "valid": valid, "diagnostics": diagnostics})
    elif options.output_format == "github":
        for diagnostic in found:
            print(annotation(diagnostic))
    else:
        report(found)
        for line in lines:
            print(line)
    return 0 if valid and not (options.strict and found) else 1


def _examined(path: str, options: argparse.Namespace) -> tuple[Network | None, list[Diagnostic]]:
    from specnet.errors import SpecError, in_order
    from specnet.network import examine

    try:
        network, found = examine(open_document(path, options.overrides))
    except SpecError as error:
        return None, error.diagnostics
    if network is not None and options.device_memory:
        from specnet.memory import amount, memory_findings

        found = in_order([*found, *memory_findings(network, amount(options.device_memory))])
    return network, found


def annotation(finding: Diagnostic) -> str:
    """A finding as a workflow command of GitHub Actions, which shows it beside the line."""
    place = finding.position
    properties = {"title": f"specnet {finding.code}"}
    if place is not None:
        end = place.column + place.width
        properties |= {"file": place.file, "line": str(place.line), "endLine": str(place.line)}
        properties |= {"col": str(place.column), "endColumn": str(end)}
    text = f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message
    listed = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{finding.severity} {listed}::{_escaped(text)}"


def _escaped(text: str, also: str = "") -> str:
    """Text in which the characters that GitHub's command syntax uses are percent-encoded."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{also}" else c for c in text)
