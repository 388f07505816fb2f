"""`specnet validate`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from specnet.cli import mending
from specnet.cli.inputs import STDIN, read_content
from specnet.cli.options import SPEC, add_overrides
from specnet.cli.output import ignore_broken_pipe, print_json, report
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say
from specnet.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specnet.network.mending import Mend
    from specnet.network.network import Network

HELP = "check specs: schema, graph, groups, shapes and recipe"
NOT_LOOKED_AT = (rules.UNREADABLE_FILE, rules.UNUSABLE_DATASET)
"""Rules about what could not be looked at: the exit code is 2."""
EXAMPLE = """examples:
  specnet validate specs/alexnet.yaml
  specnet validate specs/*.yaml --output-format github
  specnet validate specs/alexnet.yaml --device-memory 3GiB
  specnet validate specs/alexnet.yaml --data image_folder:photos
  specnet validate specs/*.yaml --fix

`specnet explain CODE` explains a finding. Warnings leave the exit code at 0 unless there is --strict.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", nargs="+", help=SPEC)
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
    parser.add_argument(
        "--data",
        metavar="KIND[:PATH]",
        help="open this dataset, too, and say what is in it and whether it fits; images are not decoded",
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="mend the files where it is certain what was meant, and say what was changed; - prints the text",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")


def run(options: argparse.Namespace) -> int:
    if options.overrides and len(options.spec) > 1:
        raise UsageError("--set changes one spec, and several are given", "give one of them")
    if options.fix:
        _check_fix(options)
    told = sys.stderr if options.fix and options.spec == ["-"] else sys.stdout
    diagnostics: list[Diagnostic] = []
    lines: list[str] = []
    available = _memory(options.device_memory)
    opened: list[dict[str, Any]] = []
    mends: list[Mend] = []
    count = 0
    for path in options.spec:
        shown = STDIN if path == "-" else printable(path)
        network, own, done = _examined(path, options, available)
        diagnostics += own
        mends += done
        if network is None:
            continue
        layers, groups = len(network.graph.order), ", ".join(network.spec.groups)
        if options.data:
            from specnet.training.dataset_check import check_dataset

            contents, own = check_dataset(network, options.data)
            diagnostics += own
            if contents is None:
                continue
            opened.append({"file": shown, **contents.as_json()})
        count += 1
        lines.append(f"{shown} is valid: {network.spec.name}, {layers} layers on {groups}{_frozen(network)}")
        lines += [str(contents)] if options.data else []
    valid = count == len(options.spec)
    with ignore_broken_pipe():
        if options.output_format == "json":
            listed = [diagnostic.as_json() for diagnostic in diagnostics]
            data: dict[str, Any] = {"data": opened} if options.data else {}
            data |= {"fixed": [mending.as_json(mend) for mend in mends]} if options.fix else {}
            print_json({"schema_version": 1, "valid": valid, "diagnostics": listed, **data})
        elif options.output_format == "github":
            for diagnostic in diagnostics:
                say(annotation(diagnostic))
        else:
            for line in mending.lines(mends):
                say(line, to=told)
            report(diagnostics)
            for line in lines:
                say(line, to=told)
    if any(diagnostic.rule in NOT_LOOKED_AT for diagnostic in diagnostics):
        return 2
    return 0 if valid and not (options.strict and diagnostics) else 1


def _frozen(network: Network) -> str:
    """How many of the parameters are frozen, if there are any."""
    counts = {True: 0, False: 0}
    for share in network.shares.values():
        counts[share.layer.is_frozen] += sum(w.size for w in share.parameters().values() if w.trainable)
    if not counts[True]:
        return ""
    return f", {counts[False]:,} parameters trained and {counts[True]:,} frozen"


def _memory(text: str | None) -> int | None:
    if text is None:
        return None
    from specnet.network.memory import amount

    return amount(text)


def _check_fix(options: argparse.Namespace) -> None:
    if options.overrides:
        raise UsageError("--fix changes the file, and --set what is read from it", "give one of the two")
    if "-" in options.spec and options.output_format != "text":
        raise UsageError("--fix prints the mended text of -, and so no findings beside it", "name a file")
    mending.check_changeable(options.spec)


def _examined(
    path: str, options: argparse.Namespace, available: int | None
) -> tuple[Network | None, Sequence[Diagnostic], Sequence[Mend]]:
    """The network if it is valid, all findings, be it that the file cannot be read, and what was mended."""
    from specnet.diagnostics.diagnostic import in_order
    from specnet.diagnostics.errors import SpecError
    from specnet.network.network import examine
    from specnet.spec.overrides import apply
    from specnet.syntax import document

    done: Sequence[Mend] = ()
    try:
        raw, name = read_content(path)
    except UsageError as error:
        place = Position(STDIN if path == "-" else path, 1, 1)
        return None, [rules.UNREADABLE_FILE.at(place, error.message, error.hint)], done
    try:
        if options.fix:
            after = mending.mended(path, raw, name)
            network, diagnostics, done = after.network, after.diagnostics, after.done
        else:
            opened = document.parse(raw, name)
            apply(opened, options.overrides)
            examination = examine(opened)
            network, diagnostics = examination.network, examination.diagnostics
    except SpecError as error:
        return None, error.diagnostics, done
    if network is not None and available is not None:
        from specnet.network.memory import memory_findings

        return network, in_order([*diagnostics, *memory_findings(network, available)]), done
    return network, diagnostics, done


def annotation(finding: Diagnostic) -> str:
    """A finding as a workflow command of GitHub Actions, which shows it beside the line."""
    place = finding.position
    properties = {"title": f"specnet {finding.code}"}
    if place is not None:
        end = place.column + place.width
        properties |= {"file": printable(place.file), "line": str(place.line), "endLine": str(place.line)}
        properties |= {"col": str(place.column), "endColumn": str(end)}
    text = one_line(finding.message) + (f"\nhint: {one_line(finding.hint)}" if finding.hint else "")
    listed = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{finding.severity} {listed}::{_escaped(text)}"


def _escaped(text: str, also: str = "") -> str:
    """Text in which the characters that GitHub's command syntax uses are percent-encoded."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{also}" else c for c in text)
