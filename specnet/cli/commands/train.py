"""`specnet train`."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.inputs import load_network, load_networks
from specnet.cli.options import SPEC, add_json, add_option, add_overrides, train_options
from specnet.cli.output import complain, print_json, report
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specnet.network.network import Network
    from specnet.training.options import TrainOptions

ABLATIONS = Path("runs") / "ablation"
HELP = "train specs, each in a run directory of its own"
EXAMPLE = """examples:
  specnet train specs/alexnet_digits.yaml --backend tensorflow --run-dir runs/digits
  specnet train specs/alexnet_digits.yaml --run-dir runs/digits --epochs 40 --resume
  specnet train --resume --run-dir runs/digits                 go on with it as it is
  specnet train specs/alexnet_digits.yaml --run-dir auto --set training.batch_size=64
  specnet train specs/alexnet.yaml --data image_folder:photos --dry-run
  specnet train mine.yaml --weights runs/digits --set 'training.frozen=[conv*]'    start from what fits
  specnet train a.yaml b.yaml c.yaml --run-dir ablation        compare them in a table
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "specs",
        nargs="*",
        metavar="SPEC",
        help=f"{SPEC}; several are trained one after another and compared. None with --resume --run-dir DIR: "
        "the run goes on as it is",
    )
    add_overrides(parser)
    for name in ("backend", "devices", "data", "run_dir"):
        add_option(parser, name)
    parser.set_defaults(backend=None)  # a run that goes on without a spec has its own
    length = parser.add_mutually_exclusive_group()
    add_option(length, "epochs")
    add_option(length, "steps")
    others = ("weights", "seed", "precision", "checkpoint_every", "micro_batch", "resume", "allow_changes")
    for name in others:
        add_option(parser, name)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show shapes, memory, devices and steps, and what would be refused; write nothing",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    networks = load_networks(options.specs, options.overrides) if options.specs else [_of_run(options)]
    options.backend = options.backend or "torch"
    asked = train_options(options)
    if options.dry_run:
        return _dry_run(networks, asked, as_json=options.json)
    if len(networks) > 1:
        return _train_all(networks, asked, as_json=options.json)
    from specnet.training.session import train

    result = train(networks[0], asked)
    if options.json:
        outcome = {"step": result.step, "evaluation": result.evaluation.as_json()}
        print_json({"schema_version": 1, "run_dir": str(result.run_dir), **outcome})
    else:
        say(f"{result.run_dir}: step {result.step}, {result.evaluation}")
    return 0


def _of_run(options: argparse.Namespace) -> Network:
    """The network of the run that goes on. How far, and on which backend, is its own unless it is said."""
    from specnet.runs import listing, numbering
    from specnet.runs.run_directory import RunDirectory

    if not options.resume:
        raise UsageError(
            "no spec is named", "specnet train SPEC; or --resume --run-dir DIR goes on with a run"
        )
    if options.run_dir in (None, numbering.AUTO):
        hint = "--resume --run-dir DIR; `specnet runs` lists the runs that there are"
        raise UsageError("neither a spec nor the run to go on with is named", hint)
    stored = RunDirectory(Path(options.run_dir)).stored_spec()
    network = load_network(str(Path(options.run_dir) / "spec.yaml"), options.overrides)
    options.backend = options.backend or stored.options.get("backend")
    said = any(text.startswith("training.epochs=") for text in options.overrides)
    if options.epochs is None and options.steps is None and not said:
        # What a run was asked for that has not recorded it is in its checkpoint.
        own = stored.options.get("steps") if stored.options else listing.look(Path(options.run_dir)).stop
        options.steps = own
    return network


def _train_all(networks: Sequence[Network], asked: TrainOptions, *, as_json: bool) -> int:
    from specnet.runs import numbering
    from specnet.terminal.progress import Progress
    from specnet.training.ablation import compared, outcomes_as_json, train_all

    parent, outcomes, code = Path(asked.run_dir or "runs"), [], 0
    if asked.run_dir == numbering.AUTO:
        if asked.resume:
            raise UsageError(
                "--run-dir auto begins new runs, and --resume goes on with some", "name their folder"
            )
        folder, _ = numbering.make_next(ABLATIONS)
        folder.close()
        parent = folder.path
    try:
        for outcome in train_all(networks, parent, asked, Progress()):
            outcomes.append(outcome)
            if outcome.error is not None:
                code = code or getattr(outcome.error, "exit_code", 2)
                complain(f"{outcome.spec}: {outcome.reason}", getattr(outcome.error, "hint", None))
    finally:
        if asked.run_dir == numbering.AUTO:
            with suppress(OSError):  # it is not empty, as it should be
                parent.rmdir()
        if as_json and outcomes:
            print_json({"schema_version": 1, "runs": outcomes_as_json(outcomes)})
        elif outcomes:
            say(compared(outcomes))
    return code


def _dry_run(networks: Sequence[Network], asked: TrainOptions, *, as_json: bool) -> int:
    from specnet.runs import numbering
    from specnet.training.dry_run import dry_run

    parent = Path(asked.run_dir or "runs")
    if len(networks) > 1 and asked.run_dir == numbering.AUTO:
        parent = numbering.next_folder(ABLATIONS)
    each = [
        replace(asked, run_dir=parent / network.spec.name) if len(networks) > 1 else asked
        for network in networks
    ]
    dry_runs = [dry_run(network, own) for network, own in zip(networks, each, strict=True)]
    report([warning for dry_run in dry_runs for warning in dry_run.warnings])
    if not as_json:
        say("\n\n".join(map(str, dry_runs)))
    elif len(dry_runs) == 1:
        print_json({"schema_version": 1, **dry_runs[0].as_json()})
    else:
        print_json({"schema_version": 1, "runs": [dry_run.as_json() for dry_run in dry_runs]})
    return 0
