"""Saving a run so that nothing already saved is ever lost.

A checkpoint is a folder `step-NNNNNNNN` with `weights.safetensors`, `optimizer.safetensors`, `state.json` and
a `manifest.json` that holds size and SHA-256 of the others and of itself. It is written beside its place,
flushed to the disk, renamed and read back; it is never changed afterwards. Old ones go only after a newer one
has been verified: the newest two and the best one remain.

Nothing points to the newest or to the best: the newest is the one with the most steps that verifies, the best
the one whose own `state.json` tells the lowest top-1 error, then the lowest loss.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from specnet import disk
from specnet.backend import State
from specnet.errors import RunError
from specnet.randomness import Array
from specnet.training.seal import open_json, sealed_json

KEPT = 2
NAME = re.compile(r"step-([0-9]{8,})")
FILES = ("weights.safetensors", "optimizer.safetensors", "state.json")
SCORES = ("loss", "top1_error", "top5_error")
MAX_MANIFEST, MAX_STATE = 64 * 2**10, 256 * 2**20
"""Bytes. A larger file is none of ours."""

IN_THE_WAY = {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY}
"""Why a folder may stay although the disk is well: somebody is reading it, or removing it too."""


@dataclass(frozen=True)
class Checkpoint:
    """What training needs to go on: `progress` is plain data (step, evaluations, seed, ...)."""

    weights: State
    velocities: State
    progress: dict[str, Any]

    @property
    def step(self) -> int:
        return int(self.progress["step"])


def write(folder: Path, checkpoint: Checkpoint) -> Path:
    """Save a checkpoint under `folder`, then remove old ones. Returns its path.

    Raises `RunError` if the disk refuses; the checkpoints that were there stay as they were.
    """
    target = folder / f"step-{checkpoint.step:08d}"
    beside = folder / f".writing-{target.name}"
    try:
        disk.make_folders(folder)
        if target.exists():
            if problem(target) is None:
                return target
            disk.calls.rename(target, folder / f".broken-{target.name}-{os.getpid()}")
        for stale in folder.glob(".writing-*"):
            disk.remove(stale)
        _fill(beside, checkpoint)
        disk.calls.rename(beside, target)
        disk.sync_folder(folder)
        fault = problem(target)
        if fault is not None:
            raise OSError(errno.EIO, f"it cannot be read back: {fault}")
    except OSError as error:
        with suppress(OSError):
            disk.remove(beside)
        message = f"cannot save the checkpoint {target}: {error.strerror or error}"
        raise RunError(message, "earlier checkpoints are untouched; go on with --resume") from error
    try:
        _remove_old(folder)
    except OSError as error:
        message = f"cannot tidy up {folder}: {error.strerror}: {error.filename or ''}".rstrip(": ")
        raise RunError(message, f"{target} is saved; see to the disk and go on with --resume") from error
    return target


def _fill(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint's files, one in memory at a time."""
    parts: dict[str, Callable[[], bytes]] = {
        "weights.safetensors": lambda: _serialized(checkpoint.weights),
        "optimizer.safetensors": lambda: _serialized(checkpoint.velocities),
        "state.json": lambda: json.dumps(checkpoint.progress, indent=1).encode(),
    }
    disk.calls.mkdir(folder)
    files: dict[str, Any] = {}
    for name, content in parts.items():
        data = content()
        files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        disk.write_durably(folder / name, data)
    disk.write_durably(folder / "manifest.json", sealed_json({"schema_version": 2, "files": files}))
    disk.sync_folder(folder)


def exist(folder: Path) -> bool:
    """Whether there are checkpoints at all, whole or damaged."""
    return bool(_all(folder))


def newest(folder: Path, passed_over: Callable[[Path, str], None] | None = None) -> Path | None:
    """The newest checkpoint that verifies, or None. Damaged newer ones are told to `passed_over`."""
    for path in reversed(_all(folder)):
        fault = problem(path)
        if fault is None:
            return path
        if passed_over is not None:
            passed_over(path, fault)
    return None


def best(folder: Path) -> Path | None:
    """The checkpoint that classified best of those that verify and were evaluated, or None."""
    return _best([path for path in _all(folder) if problem(path) is None])


def read(path: Path) -> Checkpoint:
    """Load a checkpoint after verifying it. Raises `RunError` if it is damaged."""
    fault = problem(path)
    if fault:
        raise RunError(
            f"the checkpoint {path} is damaged: {fault}", "specnet takes the newest whole one of a run"
        )
    try:
        return Checkpoint(
            weights=load_file(path / "weights.safetensors"),
            velocities=load_file(path / "optimizer.safetensors"),
            progress=_progress(path),
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise RunError(f"the checkpoint {path} cannot be read: {error}") from error


def problem(path: Path) -> str | None:
    """What is wrong with a checkpoint, or None if every file has the size and hash of the manifest."""
    try:
        return _damage(path)
    except OSError as error:
        return f"{error.strerror}: {error.filename}"


def _damage(path: Path) -> str | None:
    """The same, but raises `OSError` where the disk does not say what is in the files."""
    place = path / "manifest.json"
    try:
        manifest = open_json(disk.read(place, MAX_MANIFEST))["files"]
        if sorted(manifest) != sorted(FILES):
            return "the manifest does not name its files"
        for name in FILES:
            place = path / name
            size, sha256 = disk.digest(place)
            if size != manifest[name]["bytes"]:
                return f"{name} has the wrong size"
            if sha256 != manifest[name]["sha256"]:
                return f"{name} has changed"
    except (FileNotFoundError, NotADirectoryError):
        return f"{place.name} is not there"
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(place)) from error
    except (ValueError, KeyError, TypeError) as error:
        return f"{place.name}: {error}"
    return None


def rank(evaluation: Mapping[str, float]) -> tuple[float, float]:
    """What makes a checkpoint the best: the lowest top-1 error, then the lowest loss."""
    error, loss = evaluation["top1_error"], evaluation["loss"]
    return (error, loss if math.isfinite(loss) else math.inf)


def _progress(path: Path) -> dict[str, Any]:
    """The content of `state.json`. Raises `ValueError` unless it is what a trainer writes."""
    try:
        progress = json.loads(disk.read(path / "state.json", MAX_STATE))
    except RecursionError:
        raise ValueError("state.json is nested too deeply") from None
    step = progress.get("step") if isinstance(progress, dict) else None
    if not isinstance(step, int) or step < 0 or not isinstance(progress.get("evaluations"), list):
        raise ValueError("state.json names no step or no evaluations")
    own = progress.get("evaluation")
    for scores in [*progress["evaluations"], *([own] if own is not None else [])]:
        if not isinstance(scores, dict) or sorted(scores) != sorted(SCORES):
            raise ValueError("state.json has an evaluation that is none")
        if not all(isinstance(score, int | float) for score in scores.values()):
            raise ValueError("state.json has a score that is no number")
    found: dict[str, Any] = progress
    return found


def _all(folder: Path) -> list[Path]:
    """Checkpoint folders, oldest first."""
    try:
        found = [path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {folder}: {error.strerror}") from error
    return sorted(found, key=_step)


def _step(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def _best(whole: list[Path]) -> Path | None:
    ranks: dict[Path, tuple[float, float, int]] = {}
    for path in whole:
        with suppress(ValueError):
            evaluation = _progress(path).get("evaluation")
            if evaluation is not None:
                ranks[path] = (*rank(evaluation), _step(path))
    return min(ranks, key=ranks.__getitem__, default=None)


def _remove_old(folder: Path) -> None:
    """Remove what is older than the newest two that verify, except the best one.

    Raises `OSError`, and removes nothing, if one of them cannot be read: it may be the best one.
    """
    found = _all(folder)
    if len(found) <= KEPT:
        return
    whole = [path for path in found if _damage(path) is None]
    if len(whole) < KEPT:
        return
    chosen = _best(whole)
    for path in found[: found.index(whole[-KEPT])]:
        if path != chosen:
            _give_way(path)
    for leftover in folder.glob(".broken-*"):
        _give_way(leftover)


def _give_way(path: Path) -> None:
    try:
        disk.remove(path)
    except OSError as error:
        if error.errno not in IN_THE_WAY:
            raise


def _serialized(state: Mapping[str, Array]) -> bytes:
    """A state as a safetensors file. Raises `MemoryError` where there is not enough for it."""
    try:
        return bytes(save({name: np.ascontiguousarray(array) for name, array in state.items()}))
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as panic:  # what safetensors raises where memory runs out is no `Exception`
        raise MemoryError("the state cannot be serialized") from panic
