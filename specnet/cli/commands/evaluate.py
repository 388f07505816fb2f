"""`specnet evaluate`."""

from __future__ import annotations

import argparse
from typing import Any

from specnet.cli.options import add_backend, add_json
from specnet.cli.output import complain, print_json
from specnet.terminal.output import say

HELP = "classify the test images with the newest checkpoint of a run, or of several"
EXAMPLE = """examples:
  specnet evaluate runs/alexnet_digits --backend tensorflow
  specnet evaluate runs/a runs/b --data image_folder:other --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run directories")
    add_backend(parser)
    parser.add_argument("--data", metavar="KIND[:PATH]", help="the dataset (default: the run's own)")
    parser.add_argument(
        "--best", action="store_true", help="the checkpoint with the lowest top-1 error, not the newest"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.diagnostics.errors import UsageError
    from specnet.training.load import evaluate_run

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
        if not options.json:
            say(f"{result.run_dir}: step {result.step}, {result.evaluation}")
        evaluation = result.evaluation.as_json()
        evaluations.append({"run_dir": str(result.run_dir), "step": result.step, "evaluation": evaluation})
    if options.json:
        one = len(options.runs) == 1
        print_json({"schema_version": 1, **(evaluations[0] if one else {"runs": evaluations})})
    return code
