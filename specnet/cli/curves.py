"""`specnet curves`."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "draw the curves of runs over one another: loss, error, learning rate"
EXAMPLE = """example:
  specnet curves runs/alexnet runs/alexnet_no_lrn -o curves.png
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run directories")
    parser.add_argument("-o", "--output", default="curves.png", metavar="FILE", help="default: curves.png")


def run(options: argparse.Namespace) -> int:
    from specnet.cli.common import write
    from specnet.errors import RunError
    from specnet.training.history import gather, lines
    from specnet.training.views import draw_curves

    histories = {}
    for path in options.runs:
        history = gather(lines(Path(path) / "metrics.jsonl"))
        if not history.step:
            raise RunError(f"{path} holds no metrics", "`specnet runs` lists the runs that there are")
        histories[path] = history
    title = options.runs[0] if len(histories) == 1 else f"{len(histories)} runs"
    write(options.output, draw_curves(histories, title))
    print(options.output)
    return 0
