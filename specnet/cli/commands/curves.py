"""`specnet curves`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.terminal.output import say

if TYPE_CHECKING:
    from specnet.runs.history import History

METRICS = "metrics.jsonl"
HELP = "draw the curves of runs over one another: loss, error, learning rate"
EXAMPLE = """examples:
  specnet curves runs/alexnet runs/alexnet_no_lrn -o curves.png
  specnet curves ablation                  every run below a folder
  specnet curves runs/alexnet -o curves.pdf
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help="runs, or folders that hold them")
    parser.add_argument(
        "-o",
        "--output",
        default="curves.png",
        metavar="FILE",
        help="the picture: FILE.png, .svg or .pdf; - is PNG on standard output (default: curves.png)",
    )


def run(options: argparse.Namespace) -> int:
    from specnet.cli.output import write
    from specnet.diagnostics.errors import RunError, UsageError
    from specnet.plots.draw import draw, format_of
    from specnet.plots.request import curves_of
    from specnet.runs import listing, metrics
    from specnet.runs.history import gather

    form = format_of(options.output)
    histories: dict[str, History] = {}
    for named in map(Path, options.runs):
        is_one = (named / METRICS).exists() or listing.is_run(named)
        with_metrics = {}
        for path in [named] if is_one else listing.find([named]):
            history = gather(metrics.lines(path / METRICS))
            if history.step:
                with_metrics[str(path)] = history
            elif not is_one:
                say(f"note: {path} holds no metrics yet, and is left out", to=sys.stderr)
        if not with_metrics:
            what = "holds no metrics" if is_one else "holds no run with metrics"
            raise RunError(f"{named} {what}", "`specnet runs` lists the runs that there are")
        histories.update(with_metrics)
    title = next(iter(histories)) if len(histories) == 1 else f"{len(histories):,} runs"
    try:
        (file,) = draw([curves_of(histories, title, form)])
    except ValueError as error:
        raise UsageError(f"these curves cannot be drawn: {error}", "name fewer runs") from error
    write(options.output, file)
    say(options.output)
    return 0
