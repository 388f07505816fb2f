"""`specnet train`."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.cli.inputs import load_spec, load_specs
from specnet.cli.options import SPEC, add_backend, add_json, add_overrides, add_precision, count
from specnet.cli.output import complain, print_json, report
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specnet.spec.spec import Spec

ABLATIONS = Path("runs") / "ablation"
HELP = "train specs, each in a run directory of its own"
EXAMPLE = """examples:
  specnet train specs/alexnet_digits.yaml --backend tensorflow --run-dir runs/digits
  specnet train specs/alexnet_digits.yaml --run-dir runs/digits --epochs 40 --resume
  specnet train --resume --run-dir runs/digits                 go on with it as it is
  specnet train specs/alexnet_digits.yaml --run-dir auto --set training.batch_size=64
  specnet train specs/alexnet.yaml --data image_folder:photos --dry-run
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
    add_backend(parser)
    parser.set_defaults(backend=None)
    parser.add_argument("--data", metavar="KIND[:PATH]", help="the dataset (default: the spec's own)")
    parser.add_argument(
        "--run-dir",
        metavar="DIR",
        help="where the run is kept (default: runs/NAME), or auto for a new runs/NAME-N; for several specs, "
        "the folder of their runs, a new runs/ablation-N for auto",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs", type=count, metavar="N", help="train N epochs in all (default: the spec's)"
    )
    length.add_argument("--steps", type=count, metavar="N", help="train N steps in all")
    parser.add_argument("--seed", type=int, metavar="S", help="of everything random (default: 0)")
    add_precision(parser)
    parser.add_argument(
        "--checkpoint-every",
        default="10m",
        metavar="N|TIME",
        help="save every N steps, or after a time such as 90s, 10m or 2h (default: 10m); a run is also saved "
        "when it classifies better than ever, and at the end",
    )
    parser.add_argument(
        "--micro-batch",
        type=count,
        metavar="N",
        help="hold N images of a batch on the devices at a time; the numbers stay the same",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the run's newest checkpoint; of several specs, finished ones are passed over",
    )
    parser.add_argument(
        "--allow-changes",
        action="store_true",
        help="with --resume: go on although the recipe differs from the run's",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show shapes, memory, devices and steps, and what would be refused; write nothing",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    specs = load_specs(options.specs, options.overrides) if options.specs else [_of_run(options)]
    options.backend = options.backend or "torch"
    if options.dry_run:
        return _dry_run(specs, options)
    if len(specs) > 1:
        return _train_all(specs, options)
    from specnet.training.session import train

    result = train(specs[0], run_dir=options.run_dir, resume=options.resume, **_settings(options))
    if options.json:
        outcome = {"step": result.step, "evaluation": result.evaluation.as_json()}
        print_json({"schema_version": 1, "run_dir": str(result.run_dir), **outcome})
    else:
        say(f"{result.run_dir}: step {result.step}, {result.evaluation}")
    return 0


def _of_run(options: argparse.Namespace) -> Spec:
    """The spec of the run that goes on. How far, and on which backend, is the run's own unless it is said."""
    from specnet.runs import listing, numbering
    from specnet.runs.run_directory import RunDirectory

    if not options.resume:
        raise UsageError(
            "no spec is named", "specnet train SPEC; or --resume --run-dir DIR goes on with a run"
        )
    if options.run_dir in (None, numbering.AUTO):
        hint = "--resume --run-dir DIR; `specnet runs` lists the runs that there are"
        raise UsageError("neither a spec nor the run to go on with is named", hint)
    kept = RunDirectory(Path(options.run_dir)).stored_spec()
    spec = load_spec(str(Path(options.run_dir) / "spec.yaml"), options.overrides)
    options.backend = options.backend or kept.options.get("backend")
    said = any(text.startswith("training.epochs=") for text in options.overrides)
    if options.epochs is None and options.steps is None and not said:
        # What a run was asked for that has not recorded it is in its checkpoint.
        own = kept.options.get("steps") if kept.options else listing.look(Path(options.run_dir)).stop
        options.steps = own
    return spec


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """What several specs are trained with alike."""
    length = ("epochs", "steps", "checkpoint_every", "micro_batch")
    names = ("backend", "data", "devices", "seed", "precision", "allow_changes", *length)
    return {name: getattr(options, name) for name in names}


def _train_all(specs: Sequence[Spec], options: argparse.Namespace) -> int:
    from specnet.runs import numbering
    from specnet.terminal.progress import Progress
    from specnet.training.ablation import as_json, compared, train_all

    parent, outcomes, code = Path(options.run_dir or "runs"), [], 0
    if options.run_dir == numbering.AUTO:
        if options.resume:
            raise UsageError(
                "--run-dir auto begins new runs, and --resume goes on with some", "name their folder"
            )
        folder, _ = numbering.make_next(ABLATIONS)
        folder.close()
        parent = folder.path
    try:
        for outcome in train_all(
            specs, parent, resume=options.resume, progress=Progress(), **_settings(options)
        ):
            outcomes.append(outcome)
            if outcome.error is not None:
                code = code or getattr(outcome.error, "exit_code", 2)
                complain(f"{outcome.spec}: {outcome.reason}", getattr(outcome.error, "hint", None))
    finally:
        if options.run_dir == numbering.AUTO:
            with suppress(OSError):  # it is not empty, as it should be
                parent.rmdir()
        if options.json and outcomes:
            print_json({"schema_version": 1, "runs": as_json(outcomes)})
        elif outcomes:
            say(compared(outcomes))
    return code


def _dry_run(specs: Sequence[Spec], options: argparse.Namespace) -> int:
    from specnet.runs import numbering
    from specnet.training.dry_run import dry_run

    parent = Path(options.run_dir or "runs")
    if len(specs) > 1 and options.run_dir == numbering.AUTO:
        parent = numbering.next_folder(ABLATIONS)
    places = [parent / spec.name if len(specs) > 1 else options.run_dir for spec in specs]
    settings = {"resume": options.resume, **_settings(options)}
    found = [dry_run(spec, run_dir=place, **settings) for spec, place in zip(specs, places, strict=True)]
    report([warning for dry_run in found for warning in dry_run.warnings])
    if not options.json:
        say("\n\n".join(map(str, found)))
    elif len(found) == 1:
        print_json({"schema_version": 1, **found[0].as_json()})
    else:
        print_json({"schema_version": 1, "runs": [dry_run.as_json() for dry_run in found]})
    return 0
