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
    from specnet.errors import RunError, UsageError
    from specnet.training.history import gather, lines
    from specnet.training.views import draw_curves

    histories = {}
    for path in options.runs:
        history = gather(lines(Path(path) / "metrics.jsonl"))
        if not history.step:
            raise RunError(f"{path} holds no metrics", "`specnet runs` lists the runs that there are")
        histories[path] = history
    title = options.runs[0] if len(histories) == 1 else f"{len(histories)} runs"
    png = draw_curves(histories, title)
    try:
        Path(options.output).write_bytes(png)
    except OSError as error:
        hint = "name a file in a directory that exists and may be written to"
        raise UsageError(f"cannot write {options.output}: {error.strerror}", hint) from error
    print(options.output)
    return 0
