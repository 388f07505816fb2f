"""What there is to say about runs without opening their weights: no framework, no NumPy is imported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from specnet.diagnostics.errors import RunError, SpecError, UsageError
from specnet.runs import intact, metrics, run_options
from specnet.runs.records import EvaluationLine, Line, RunProgress, StopLine, line_of, read_progress
from specnet.storage import reading
from specnet.storage.lock import is_held
from specnet.syntax import document

State = Literal["running", "finished", "stopped", "damaged"]
DEPTH = 4
"""Folders below the one that is searched."""


@dataclass(frozen=True)
class Run:
    """A run as it lies on the disk. Comments and the order of keys do not change `spec_hash`.

    `step` is the last one in the metrics, `stop` the one that training was asked to reach. `problem` is why a
    run is damaged, or what stopped it. `evaluation` is the last one. `recipe` is what of the spec's
    `training` tells runs apart at a glance; `backend`, `seed` and `recipe` are None where a run tells none.
    """

    path: str
    state: State
    spec: str | None = None
    spec_hash: str | None = None
    step: int = 0
    stop: int | None = None
    epoch: int = 0
    epochs: int | None = None
    steps_per_epoch: int | None = None
    train_images: int | None = None
    evaluation: dict[str, float] | None = None
    problem: str | None = None
    backend: str | None = None
    seed: int | None = None
    recipe: dict[str, Any] | None = None
    weights: str | None = None
    """The file or run whose weights it was started from."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def find(folders: Iterable[Path]) -> Iterator[Path]:
    """The run directories that these folders are, or hold. Raises `UsageError` for one that is not there."""
    for folder in folders:
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise UsageError(f"{folder} {what}", "name a run, or a folder of runs")
        yield from _search(folder, DEPTH)


def _search(folder: Path, depth: int) -> Iterator[Path]:
    if is_run(folder):
        yield folder
        return
    if not depth:
        return
    try:
        inner = sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.is_dir())
    except OSError:
        return
    for path in inner:
        yield from _search(path, depth - 1)


def is_run(folder: Path) -> bool:
    """Whether a folder is a run directory: one that a trainer has locked, or that holds what it writes."""
    has_spec = (folder / "spec.yaml").is_file()
    others = sum((folder / name).exists() for name in ("lock", "metrics.jsonl", "checkpoints"))
    return others >= (1 if has_spec else 2)


def look(path: Path) -> Run:
    """What a run directory tells. What cannot be read makes a damaged run, never an error."""
    data, options = _spec(path / "spec.yaml")
    problem = None if data else "spec.yaml cannot be read"
    training = _mapping(data.get("training"))
    name, epochs = data.get("name"), training.get("epochs")
    last, evaluation = _last_lines(path / metrics.NAME)
    saved, fault = _newest(path / "checkpoints")
    problem = problem or fault
    stop, per_epoch, images = (
        (saved.stop or None, saved.steps_per_epoch or None, saved.train_images or None)
        if saved
        else (None, None, None)
    )
    if stop and per_epoch:
        epochs = -(-stop // per_epoch)
    state: State = "stopped"
    if is_held(path):
        state = "running"
    elif problem:
        state = "damaged"
    elif saved and stop is not None and saved.step >= stop:
        state = "finished"
    elif isinstance(last, StopLine):
        problem = f"the loss was {last.stopped} at step {last.step}"
    backend, seed = options.get("backend"), options.get("seed", saved.seed if saved else None)
    source = _mapping(options.get("weights")).get("source")
    return Run(
        str(path),
        state,
        name if isinstance(name, str) else None,
        _digest(data) if data else None,
        last.step if last else saved.step if saved else 0,
        stop,
        last.epoch if last else 0,
        epochs if isinstance(epochs, int) else None,
        per_epoch,
        images,
        evaluation,
        problem,
        backend if isinstance(backend, str) else None,
        seed if isinstance(seed, int) else None,
        _recipe(training) if training else None,
        source if isinstance(source, str) else None,
    )


def _recipe(training: Mapping[str, Any]) -> dict[str, Any]:
    """The update rule, the batch size, and the kinds of the schedule and of what is done to the images."""
    rule, schedule = _mapping(training.get("optimizer")), _mapping(training.get("schedule"))
    normalize, augment = _mapping(training.get("normalize")), training.get("augment")
    parts = augment if isinstance(augment, list) else []
    return {
        "optimizer": rule.get("kind"),
        **{name: rule.get(name) for name in ("learning_rate", "momentum", "weight_decay", "clip_norm")},
        "schedule": schedule.get("kind"),
        "batch_size": training.get("batch_size"),
        "normalize": normalize.get("kind"),
        "augment": [_mapping(part).get("kind") for part in parts],
    }


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _spec(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run's spec as data, and its options; both empty if it cannot be read."""
    try:
        data = document.read(path).data()
        return data, run_options.in_text(reading.read(path, document.MAX_BYTES).decode(errors="replace"))
    except (SpecError, UsageError, OSError, reading.Unfit):
        return {}, {}


def _newest(folder: Path) -> tuple[RunProgress | None, str | None]:
    """How far the checkpoint is that a resumed run would take; and what is wrong if there is none to take.

    Weights are told by their size alone: to read them takes long.
    """
    try:
        path = intact.newest(folder, by_size=True)
        if path is not None:
            return read_progress(path / intact.STATE), None
        return None, "no checkpoint is intact" if intact.exist(folder) else None
    except (OSError, ValueError) as error:
        return None, f"the newest checkpoint cannot be read: {error}"
    except RunError:
        return None, None


def _last_lines(path: Path) -> tuple[Line | None, dict[str, float] | None]:
    """The last line of a `metrics.jsonl`, and the last evaluation in it."""
    last: Line | None = None
    with suppress(OSError, reading.Unfit):
        for text in reading.lines_backwards(path):
            line = line_of(text)
            last = last or line
            if isinstance(line, EvaluationLine) and line.evaluation is not None:
                return last, line.evaluation.as_json()
    return last, None
