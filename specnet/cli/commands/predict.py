"""`specnet predict`."""

from __future__ import annotations

import argparse
from typing import Any

from specnet.cli.options import add_backend, add_json, count
from specnet.cli.output import complain, print_json
from specnet.terminal.output import say

HELP = "classify image files with a run's newest checkpoint"
EXAMPLE = """examples:
  specnet predict runs/photos cat.jpg dog.png
  specnet predict runs/photos holiday/*.jpg --top 1 --json
  specnet predict runs/photos holiday                  every image below a folder
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="RUN", help="a run directory")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument("--top", type=count, default=5, metavar="N", help="classes to name (default: 5)")
    add_backend(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.training.predict import predict

    predictions: list[dict[str, Any]] = []
    all_read = True
    told = predict(
        options.run_dir, options.images, backend=options.backend, devices=options.devices, top=options.top
    )
    for prediction in told:
        if prediction.error is not None:
            all_read = False
            complain(prediction.error.message, prediction.error.hint)
        elif not options.json:
            if prediction.image != options.images[0] or len(options.images) > 1:
                say(prediction.image)
            for guess in prediction.guesses:
                say(f"{guess.probability:8.2%}  {guess.name}")
        error = prediction.error
        predictions.append(
            {
                "image": prediction.image,
                "top": [{"class": g.name, "probability": g.probability} for g in prediction.guesses],
                "error": error.message if error else None,
            }
        )
    if options.json:
        print_json({"schema_version": 1, "run": options.run_dir, "predictions": predictions})
    return 0 if all_read else 2
