"""Saving a run so that nothing already saved is ever lost.

A checkpoint is a folder `step-NNNNNNNN` with `weights.safetensors`, `optimizer.safetensors`, `state.json` and
a `manifest.json` that holds size and SHA-256 of the others. It is written beside its place, flushed to the
disk, and renamed; it is never changed afterwards. Old ones go only after a newer one has been verified, and
two always remain.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from specnet.backend import State
from specnet.errors import RunError
from specnet.randomness import Array

KEPT = 2
NAME = re.compile(r"step-[0-9]{8,}")
FILES = ("weights.safetensors", "optimizer.safetensors", "state.json")


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
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists():
            if problem(target) is None:
                return target
            target.rename(folder / f".broken-{target.name}-{os.getpid()}")
        for stale in folder.glob(".writing-*"):
            shutil.rmtree(stale)
        beside.mkdir()
        contents = {
            "weights.safetensors": save(_contiguous(checkpoint.weights)),
            "optimizer.safetensors": save(_contiguous(checkpoint.velocities)),
            "state.json": json.dumps(checkpoint.progress, indent=1).encode(),
        }
        manifest = {name: _entry(data) for name, data in contents.items()}
        contents["manifest.json"] = json.dumps({"schema_version": 1, "files": manifest}, indent=1).encode()
        for name, data in contents.items():
            write_durably(beside / name, data)
        sync_folder(beside)
        beside.rename(target)
        sync_folder(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        message = f"cannot save the checkpoint {target}: {error.strerror or error}"
        raise RunError(message, "earlier checkpoints are untouched; go on with --resume") from error
    _remove_old(folder)
    return target


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
            progress=json.loads((path / "state.json").read_bytes()),
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise RunError(f"the checkpoint {path} cannot be read: {error}") from error


def problem(path: Path) -> str | None:
    """What is wrong with a checkpoint, or None if every file has the size and hash of the manifest."""
    try:
        manifest = json.loads((path / "manifest.json").read_bytes())["files"]
        if sorted(manifest) != sorted(FILES):
            return "the manifest does not name its files"
        for name in FILES:
            if (path / name).stat().st_size != manifest[name]["bytes"]:
                return f"{name} has the wrong size"
            with (path / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != manifest[name]["sha256"]:
                    return f"{name} has changed"
    except OSError as error:
        return f"{error.strerror}: {error.filename}"
    except (ValueError, KeyError, TypeError) as error:
        return f"the manifest cannot be read ({error})"
    return None


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, data: bytes) -> None:
    """Give a file new content in one step: readers see the old content or the new one."""
    beside = path.with_name(f".{path.name}.writing")
    write_durably(beside, data)
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Wait until the disk has a folder's entries."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _all(folder: Path) -> list[Path]:
    """Checkpoint folders, oldest first."""
    try:
        found = [path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {folder}: {error.strerror}") from error
    return sorted(found)


def _remove_old(folder: Path) -> None:
    """Remove what is older than the newest two that verify."""
    whole = 0
    for path in reversed(_all(folder)):
        if whole == KEPT:
            shutil.rmtree(path, ignore_errors=True)
        elif problem(path) is None:
            whole += 1


def _contiguous(state: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.ascontiguousarray(array) for name, array in state.items()}


def _entry(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
