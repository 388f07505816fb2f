"""`specnet runs`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.cli.options import add_json
from specnet.cli.output import print_json
from specnet.terminal.output import say
from specnet.text import decimal

if TYPE_CHECKING:
    from specnet.runs.listing import Run

HELP = "list runs: spec and its hash, recipe, backend, seed, how far they are, last error, state"
EXAMPLE = """examples:
  specnet runs                      every run below runs/
  specnet runs runs/digits ablations --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folders",
        nargs="*",
        default=["runs"],
        metavar="DIR",
        help="runs, or folders that hold them (default: runs)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.runs import listing
    from specnet.text import columns

    runs = [listing.look(path) for path in listing.find(map(Path, options.folders))]
    if options.json:
        print_json({"schema_version": 1, "runs": [entry.as_json() for entry in runs]})
    elif not runs:
        say(f"no runs in {', '.join(options.folders)}")
    else:
        progress = ("state", "epoch", "step", "test loss", "top-1 error")
        head = ("run", "spec", "hash", *progress, "backend", "seed", "recipe")
        say(columns(head, [[_row(entry) for entry in runs]], right={4, 5, 6, 7, 9}))
        for entry in runs:
            if entry.problem:
                say(f"{entry.path}: {entry.problem}")
    return 0


def _row(entry: Run) -> tuple[str, ...]:
    evaluation = entry.evaluation or {}
    return (
        entry.path,
        entry.spec or "?",
        entry.spec_hash or "?",
        entry.state,
        f"{entry.epoch}/{entry.epochs}" if entry.epochs else str(entry.epoch),
        f"{entry.step}/{entry.stop}" if entry.stop else str(entry.step),
        decimal(evaluation["loss"]) if "loss" in evaluation else "-",
        f"{evaluation['top1_error']:.2%}" if "top1_error" in evaluation else "-",
        entry.backend or "?",
        "?" if entry.seed is None else str(entry.seed),
        _recipe(entry.recipe) if entry.recipe else "?",
    )


def _recipe(said: dict[str, Any]) -> str:
    """A recipe in a few words, without what has its default."""
    parts = [
        f"{said['optimizer']} {_number(said['learning_rate'])}",
        f"momentum {_number(said['momentum'])}" if said["momentum"] else "",
        f"decay {_number(said['weight_decay'])}" if said["weight_decay"] else "",
        f"clip {_number(said['clip_norm'])}" if said["clip_norm"] else "",
        said["schedule"] if said["schedule"] != "constant" else "",
        f"batch {said['batch_size']}",
    ]
    return ", ".join(str(part) for part in parts if part)


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
