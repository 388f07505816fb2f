"""`specnet evaluate`."""

from __future__ import annotations

import argparse

from specnet.cli.common import add_backend, add_json, print_json

HELP = "classify the test images with a run's newest checkpoint"
EXAMPLE = """example:
  specnet evaluate runs/alexnet_digits --backend tensorflow
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="RUN", help="a run directory")
    add_backend(parser)
    parser.add_argument("--data", metavar="KIND[:PATH]", help="the dataset (default: the run's own)")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.training.session import evaluate_run

    result = evaluate_run(
        options.run_dir, backend=options.backend, data=options.data, devices=options.devices
    )
    if options.json:
        print_json({"schema_version": 1, "step": result.step, "evaluation": result.evaluation.as_json()})
    else:
        print(f"{result.run_dir}: step {result.step}, {result.evaluation}")
    return 0
