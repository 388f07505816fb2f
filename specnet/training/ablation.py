"""Training several specs one after another, and the table that compares them."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from specnet.diagnostics.errors import SpecnetError, UsageError
from specnet.diffs.diff import differences
from specnet.network.network import Network
from specnet.runs import listing, metrics
from specnet.runs.history import gather
from specnet.runs.records import Evaluation, in_words, shown
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.tables import build
from specnet.terminal.progress import Progress
from specnet.text import columns, decimal, duration
from specnet.training.evaluation import Result
from specnet.training.open_data import with_data
from specnet.training.options import TrainOptions
from specnet.training.session import train


@dataclass(frozen=True)
class Outcome:
    """One spec of an ablation: its run if it was trained, else why it was not. `seconds` are those of all
    its steps, evaluations and saves aside."""

    spec: str
    run_dir: Path
    parameters: int
    result: Result | None = None
    seconds: float = 0.0
    error: Exception | None = None

    @property
    def reason(self) -> str | None:
        """The error in one line."""
        if self.error is None:
            return None
        text = getattr(self.error, "message", None) or str(self.error) or type(self.error).__name__
        return text if isinstance(self.error, SpecnetError) else f"{type(self.error).__name__}: {text}"


def train_all(
    networks: Sequence[Network], parent: Path, options: TrainOptions, progress: Progress
) -> Iterator[Outcome]:
    """Train each network in `parent`/NAME, with the same options but for the run directory.

    One that fails is an outcome with its error, and the next one follows. With `resume`, runs that are
    finished are passed over, those that are not go on, and those that are not there begin. Raises
    `UsageError` if two specs have one name, and lets an interrupt through.
    """
    names = [network.spec.name for network in networks]
    for name in names:
        if names.count(name) > 1:
            message = f"two specs are named '{name}', and a run is kept under its spec's name"
            raise UsageError(message, "give each spec a name of its own")
    for index, network in enumerate(networks, start=1):
        folder = parent / network.spec.name
        progress.note(f"[{index}/{len(networks)}] {network.spec.name} in {folder}")
        yield _trained(network, folder, options, progress)
        gc.collect()  # a network lies in circles of references, on the device too


def _trained(network: Network, folder: Path, options: TrainOptions, progress: Progress) -> Outcome:
    spec, parameters = network.spec, build.make(network).totals.parameters
    try:
        goes_on = options.resume and (folder / "spec.yaml").exists()
        result = _finished(spec, folder, options) if goes_on else None
        if result is not None:
            progress.note("finished already")
        else:
            allowed = goes_on and options.allow_changes
            own = replace(options, run_dir=folder, resume=goes_on, allow_changes=allowed)
            result = train(network, own, progress)
    except Exception as error:
        if getattr(error, "exit_code", 0) > 128:
            raise
        return Outcome(spec.name, folder, parameters, error=error)
    size = spec.training.batch_size if spec.training else 1
    images = listing.look(folder).train_images
    seconds = gather(metrics.lines(folder / metrics.NAME), size, images).seconds
    return Outcome(spec.name, folder, parameters, result, seconds)


def _finished(spec: Spec, folder: Path, options: TrainOptions) -> Result | None:
    """The result of a run of this very spec that has gone as far as is asked for."""
    run = listing.look(folder)
    if run.state != "finished" or run.evaluation is None or spec.training is None:
        return None
    wanted = options.steps or (run.steps_per_epoch or 0) * (options.epochs or spec.training.epochs)
    if not wanted or run.step < wanted:
        return None
    own = RunDirectory(folder).spec()
    data = options.data or (own.data.kind if own.data else None)
    changes = differences(own, with_data(spec, data))
    if any(change.path != "training.epochs" for change in changes):
        return None
    return Result(folder, run.step, Evaluation.of(run.evaluation))


def compared(outcomes: Sequence[Outcome]) -> str:
    """The table. Differences are of top-1 error to the first spec, in percentage points."""
    trained = [outcome.result.evaluation for outcome in outcomes if outcome.result is not None]
    metrics = list(dict.fromkeys(name for scores in trained for name in scores.metrics))
    named = map(in_words, metrics or ["top1_error"])
    head = ("spec", "parameters", "steps", "test loss", *named, "to the first", "time")
    rows = [_row(outcome, outcomes[0], metrics, len(head)) for outcome in outcomes]
    return columns(head, [rows], right=range(1, len(head)))


def _row(outcome: Outcome, first: Outcome, metrics: Sequence[str], width: int) -> tuple[str, ...]:
    start = (outcome.spec, f"{outcome.parameters:,}")
    if outcome.result is None:
        return (*start, "failed", *("" for _ in range(width - 3)))
    scores, change = outcome.result.evaluation, _difference(outcome, first)
    measured = scores.metrics
    return (
        *start,
        f"{outcome.result.step:,}",
        decimal(scores.loss),
        *(shown(name, measured[name]) if name in measured else "-" for name in metrics),
        "" if change is None or outcome is first else f"{100 * change:+.2f}",
        duration(outcome.seconds),
    )


def _difference(outcome: Outcome, first: Outcome) -> float | None:
    if outcome.result is None or first.result is None:
        return None
    return outcome.result.evaluation.top1_error - first.result.evaluation.top1_error


def outcomes_as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The same for programs; what failed has an `error` and no evaluation."""
    return [
        {
            "spec": outcome.spec,
            "run_dir": str(outcome.run_dir),
            "parameters": outcome.parameters,
            "step": outcome.result.step if outcome.result else None,
            "evaluation": outcome.result.evaluation.as_json() if outcome.result else None,
            "top1_difference": _difference(outcome, outcomes[0]),
            "seconds": round(outcome.seconds, 3),
            "error": outcome.reason,
        }
        for outcome in outcomes
    ]
