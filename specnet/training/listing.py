"""What there is to say about runs without opening their weights: no framework, no NumPy is imported."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from specnet import document
from specnet.errors import SpecError, UsageError
from specnet.training import run_options

State = Literal["running", "finished", "stopped", "damaged"]
DEPTH = 4
"""Folders below the one that is searched."""
LARGEST = 2**28
"""Bytes of a `state.json` that is still read."""
PIECE = 2**16


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
    if is_held(path / "lock"):
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


def is_held(lock: Path) -> bool:
    """Whether a trainer holds a run's lock. Nothing is written."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _spec(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run's spec as data, and its options; both empty if it cannot be read."""
    try:
        data = document.read(path).data()
        return data, run_options.in_text(path.read_text(encoding="utf-8", errors="replace"))
    except (SpecError, UsageError, OSError):
        return {}, {}


def _newest_state(folder: Path) -> tuple[dict[str, Any], str | None]:
    """The `state.json` of the newest checkpoint whose files have their sizes; and what is wrong if none has.

    Checksums are not looked at: that takes as long as reading all weights.
    """
    try:
        found = sorted(p for p in folder.iterdir() if re.fullmatch(r"step-[0-9]{8,}", p.name))
    except OSError:
        return {}, None
    for path in reversed(found):
        try:
            files = json.loads((path / "manifest.json").read_bytes())["files"]
            whole = all((path / name).stat().st_size == entry["bytes"] for name, entry in files.items())
            if not whole or files["state.json"]["bytes"] > LARGEST:
                continue
            state = json.loads((path / "state.json").read_bytes())
            if isinstance(state, dict) and isinstance(state.get("step"), int):
                return state, None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return {}, "no checkpoint is whole" if found else None


def _last_lines(path: Path) -> tuple[dict[str, Any], dict[str, float] | None]:
    """The last line of a `metrics.jsonl`, and the last evaluation in it."""
    last: dict[str, Any] = {}
    for line in _backwards(path):
        try:
            entry = json.loads(line)
            if not isinstance(entry, dict) or not isinstance(entry["step"], int):
                continue
            last = last or entry
            if "evaluation" in entry:
                names = ("loss", "top1_error", "top5_error")
                return last, {name: float(entry["evaluation"][name]) for name in names}
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return last, None


def _backwards(path: Path) -> Iterator[bytes]:
    """The whole lines of a file, the last one first."""
    try:
        with path.open("rb") as file:
            place, rest = file.seek(0, os.SEEK_END), b""
            while place:
                size = min(PIECE, place)
                place = file.seek(place - size)
                first, *lines = (file.read(size) + rest).split(b"\n")
                yield from reversed(lines)
                rest = first
            yield rest
    except OSError:
        return
