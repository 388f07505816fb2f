"""Training several specs one after another, and the table that compares them."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specnet.diagnostics.errors import SpecnetError, UsageError
from specnet.diffs.diff import differences
from specnet.network.network import analyse
from specnet.runs import listing
from specnet.runs.history import gather, lines
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.tables import build
from specnet.terminal.progress import Progress
from specnet.text import columns, decimal, duration
from specnet.training.evaluation import Evaluation, Result
from specnet.training.open_data import with_data
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
    specs: Sequence[Spec], parent: Path, *, resume: bool, progress: Progress, **options: Any
) -> Iterator[Outcome]:
    """Train each spec in `parent`/NAME, with the same options; those of `session.train`.

    A spec that fails is an outcome with its error, and the next one follows. With `resume`, runs that are
    finished are passed over, those that are not go on, and those that are not there begin. Raises
    `UsageError` if two specs have one name, and lets an interrupt through.
    """
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            message = f"two specs are named '{name}', and a run is kept under its spec's name"
            raise UsageError(message, "give each spec a name of its own")
    for index, spec in enumerate(specs, start=1):
        folder = parent / spec.name
        progress.note(f"[{index}/{len(specs)}] {spec.name} in {folder}")
        yield _trained(spec, folder, resume, progress, options)
        gc.collect()  # a network lies in circles of references, on the device too


def _trained(spec: Spec, folder: Path, resume: bool, progress: Progress, options: dict[str, Any]) -> Outcome:
    parameters = build.make(analyse(spec)).totals.parameters
    try:
        goes_on = resume and (folder / "spec.yaml").exists()
        result = _finished(spec, folder, options) if goes_on else None
        if result is not None:
            progress.note("finished already")
        else:
            allowed = {"allow_changes": goes_on and options.get("allow_changes", False)}
            result = train(spec, run_dir=folder, resume=goes_on, progress=progress, **{**options, **allowed})
    except Exception as error:
        if getattr(error, "exit_code", 0) > 128:
            raise
        return Outcome(spec.name, folder, parameters, error=error)
    size = spec.training.batch_size if spec.training else 1
    images = listing.look(folder).train_images
    seconds = gather(lines(folder / "metrics.jsonl"), size, images).seconds
    return Outcome(spec.name, folder, parameters, result, seconds)


def _finished(spec: Spec, folder: Path, options: Mapping[str, Any]) -> Result | None:
    """The result of a run of this very spec that has gone as far as is asked for."""
    found = listing.look(folder)
    if found.state != "finished" or found.evaluation is None or spec.training is None:
        return None
    epochs = options.get("epochs") or spec.training.epochs
    wanted = options.get("steps") or (found.steps_per_epoch or 0) * epochs
    if not wanted or found.step < wanted:
        return None
    own = RunDirectory(folder).spec()
    data = options.get("data") or (own.data.kind if own.data else None)
    changes = differences(own, with_data(spec, data))
    if any(change.path != "training.epochs" for change in changes):
        return None
    return Result(folder, found.step, Evaluation(**found.evaluation))


def compared(outcomes: Sequence[Outcome]) -> str:
    """The table. Differences are of top-1 error to the first spec, in percentage points."""
    head = ("spec", "parameters", "steps", "test loss", "top-1 error", "top-5 error", "to the first", "time")
    rows = [_row(outcome, outcomes[0]) for outcome in outcomes]
    return columns(head, [rows], right=range(1, len(head)))


def _row(outcome: Outcome, first: Outcome) -> tuple[str, ...]:
    start = (outcome.spec, f"{outcome.parameters:,}")
    if outcome.result is None:
        return (*start, "failed", "", "", "", "", "")
    found, change = outcome.result.evaluation, _difference(outcome, first)
    return (
        *start,
        f"{outcome.result.step:,}",
        decimal(found.loss),
        f"{found.top1_error:.2%}",
        f"{found.top5_error:.2%}",
        "" if change is None or outcome is first else f"{100 * change:+.2f}",
        duration(outcome.seconds),
    )


def _difference(outcome: Outcome, first: Outcome) -> float | None:
    if outcome.result is None or first.result is None:
        return None
    return outcome.result.evaluation.top1_error - first.result.evaluation.top1_error


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
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
