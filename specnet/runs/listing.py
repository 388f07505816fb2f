"""What there is to say about runs without opening their weights: no framework, no NumPy is imported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from specnet.diagnostics.errors import SpecError, UsageError
from specnet.runs import checkpoint_names, run_options, state_file
from specnet.runs.checkpoint_names import FILES, MAX_MANIFEST, name_of
from specnet.runs.history import parsed
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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def find(folders: Iterable[Path]) -> Iterator[Path]:
    """The run directories that these folders are, or hold. Raises `UsageError` for one that is not there."""
    for folder in folders:
        if not folder.is_dir():
            what = "is no folder" if folder.exists() else "does not exist"
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
    last, evaluation = _last_lines(path / "metrics.jsonl")
    saved, fault = _newest_state(path / "checkpoints")
    problem = problem or fault
    step, epoch = int(last.get("step", 0)), int(last.get("epoch", 0))
    if saved and not last:
        step = int(saved["step"])
    names = ("stop", "steps_per_epoch", "train_images")
    stop, per_epoch, images = (_positive(saved.get(name)) for name in names)
    if stop and per_epoch:
        epochs = -(-stop // per_epoch)
    state: State = "stopped"
    if is_held(path):
        state = "running"
    elif problem:
        state = "damaged"
    elif stop is not None and saved["step"] >= stop:
        state = "finished"
    elif "stopped" in last:
        problem = f"the loss was {last['stopped']} at step {step}"
    backend, seed = options.get("backend"), options.get("seed", saved.get("seed"))
    return Run(
        str(path),
        state,
        name if isinstance(name, str) else None,
        _digest(data) if data else None,
        step,
        stop,
        epoch,
        epochs if isinstance(epochs, int) else None,
        per_epoch,
        images,
        evaluation,
        problem,
        backend if isinstance(backend, str) else None,
        seed if isinstance(seed, int) else None,
        _recipe(training) if training else None,
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


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _spec(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run's spec as data, and its options; both empty if it cannot be read."""
    try:
        data = document.read(path).data()
        return data, run_options.in_text(reading.read(path, document.MAX_BYTES).decode(errors="replace"))
    except (SpecError, UsageError, OSError, reading.Unfit):
        return {}, {}


def _newest_state(folder: Path) -> tuple[dict[str, Any], str | None]:
    """The `state.json` of the newest checkpoint whose files have their sizes; and what is wrong if none has.

    Checksums are not looked at: that takes as long as reading all weights.
    """
    try:
        found = checkpoint_names.in_order(folder)
    except OSError:
        return {}, None
    for path in reversed(found):
        try:
            files = json.loads(reading.read(path / "manifest.json", MAX_MANIFEST))["files"]
            whole = all(reading.check_plain(path / name) == files[name]["bytes"] for name in FILES)
            state = state_file.read(path / "state.json")
            if whole and path.name == name_of(state["step"]):
                return state, None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return {}, "no checkpoint is whole" if found else None


def _last_lines(path: Path) -> tuple[dict[str, Any], dict[str, float] | None]:
    """The last line of a `metrics.jsonl`, and the last evaluation in it."""
    last: dict[str, Any] = {}
    with suppress(OSError, reading.Unfit):
        for text in reading.lines_backwards(path):
            line = parsed(text)
            if line is None:
                continue
            last = last or line
            with suppress(KeyError, TypeError, ValueError, OverflowError):
                found = line["evaluation"]
                return last, {name: float(found[name]) for name in ("loss", "top1_error", "top5_error")}
    return last, None
