"""`specnet evaluate`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from specnet.cli.options import add_backend, add_json
from specnet.cli.output import complain, print_json, write
from specnet.terminal.output import say

if TYPE_CHECKING:
    from specnet.training.report import Report

HELP = "classify the test images with the newest checkpoint of a run, or of several"
EXAMPLE = """examples:
  specnet evaluate runs/alexnet_digits --backend tensorflow
  specnet evaluate runs/a runs/b --data image_folder:other --json
  specnet evaluate runs/a --report                      recall and precision of each class, confusion matrix
  specnet evaluate runs/a --report a.json --report a.png
"""
TABLE, JSON = "table", "json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run directories")
    add_backend(parser)
    parser.add_argument("--data", metavar="KIND[:PATH]", help="the dataset (default: the run's own)")
    parser.add_argument(
        "--best", action="store_true", help="the checkpoint with the lowest top-1 error, not the newest"
    )
    parser.add_argument(
        "--report",
        action="append",
        nargs="?",
        const=TABLE,
        default=[],
        metavar="FILE",
        help="how it does on each class, and which it takes for which: on the terminal, in the document of"
        " --json (--report json is both), or in FILE.json, .png, .svg or .pdf; may be repeated",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.diagnostics.errors import UsageError
    from specnet.training.load import evaluate_run

    files = _files(options.report, len(options.runs))
    as_json = options.json or JSON in options.report
    settings = {name: getattr(options, name) for name in ("backend", "data", "devices", "best")}
    evaluations: list[dict[str, Any]] = []
    code = 0
    for path in options.runs:
        try:
            result = evaluate_run(path, **settings)
        except UsageError as error:
            if len(options.runs) == 1:
                raise
            complain(f"{path}: {error.message}", error.hint)
            code = error.exit_code
            continue
        assert result.report is not None
        if not as_json:
            say(f"{result.run_dir}: step {result.step}, {result.evaluation}")
            if TABLE in options.report:
                say(result.report)
        evaluation = result.evaluation.as_json()
        document = {"run_dir": str(result.run_dir), "step": result.step, "evaluation": evaluation}
        if {TABLE, JSON} & set(options.report):
            document["report"] = result.report.as_json()
        evaluations.append(document)
        for file in files:
            _write(file, result.report)
            if not as_json:
                say(file)
    if as_json:
        one = len(options.runs) == 1
        print_json({"schema_version": 1, **(evaluations[0] if one else {"runs": evaluations})})
    return code


def _files(asked: list[str], runs: int) -> list[str]:
    """The files of a report that are asked for. Raises `UsageError` for one that cannot be, before anything
    is classified."""
    from specnet.diagnostics.errors import UsageError
    from specnet.plots.draw import require_matplotlib
    from specnet.training.report import format_of

    files = [name for name in asked if name not in (TABLE, JSON)]
    for name in files:
        if format_of(name) != JSON:
            require_matplotlib()
    if files and runs > 1:
        message = f"{files[0]} would hold the report on one run, and {runs} are named"
        raise UsageError(message, "evaluate one at a time, or use --json --report")
    return files


def _write(file: str, report: Report) -> None:
    from specnet.diagnostics.errors import UsageError
    from specnet.training.report import format_of

    try:
        write(file, report.render(format_of(file)))
    except ValueError as error:
        raise UsageError(f"this report cannot be drawn: {error}", "write it as .json") from error
