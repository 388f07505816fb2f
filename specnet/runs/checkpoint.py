"""Saving a run so that nothing already saved is ever lost.

A checkpoint is a folder `step-NNNNNNNN` with `weights.safetensors`, `optimizer.safetensors`, `state.json` and
a `manifest.json` that holds size and SHA-256 of the others and of itself. It is written beside its place,
flushed to the disk, renamed and read back; it is never changed afterwards. Old ones go only after a newer one
has been verified: the newest two and the best one remain.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save

from specnet.backend.protocol import State
from specnet.backend.slots import OptimizerState, flat, nested
from specnet.diagnostics.errors import RunError
from specnet.numerics.randomness import Array
from specnet.runs.checkpoint_names import name_of
from specnet.runs.intact import best, best_of, damage, exist, in_order, newest, problem
from specnet.runs.records import RunProgress, read_progress
from specnet.storage import tensors
from specnet.storage.checksum import checksummed_json
from specnet.storage.folder import Folder

__all__ = ["KEPT", "Checkpoint", "best", "exist", "newest", "problem", "read", "write", "write_in"]

KEPT = 2

IN_THE_WAY = {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY}
"""Why a folder may stay although the disk is well: somebody is reading it, or removing it too."""


@dataclass(frozen=True)
class Checkpoint:
    """What training needs to go on."""

    weights: State
    slots: OptimizerState
    progress: RunProgress

    @property
    def step(self) -> int:
        return self.progress.step


def write(folder: Path, checkpoint: Checkpoint) -> Path:
    """Save a checkpoint in the folder at a path; see `write_in`."""
    with _reporting(folder / name_of(checkpoint.step)):
        inside, _ = Folder.made(folder)
    with inside:
        return write_in(inside, checkpoint)


def write_in(folder: Folder, checkpoint: Checkpoint) -> Path:
    """Save a checkpoint in a folder, then remove old ones. Returns its path.

    Raises `RunError` if the disk refuses; the checkpoints that were there stay as they were.
    """
    name = name_of(checkpoint.step)
    target, beside = folder.path / name, f".writing-{name}"
    with _reporting(target):
        folder.check(name)
        if folder.mode(name) is not None:
            if problem(target) is None:
                return target
            folder.rename(name, f".broken-{name}-{os.getpid()}")
        for stale in folder.names():
            if stale.startswith(".writing-step-"):
                folder.remove(stale)
        try:
            _fill(folder, beside, checkpoint)
            folder.rename(beside, name)
            folder.sync()
            fault = problem(target)
            if fault is not None:
                raise OSError(errno.EIO, f"it cannot be read back: {fault}")
        except OSError:
            with suppress(OSError):
                folder.remove(beside)
            raise
    try:
        _remove_old(folder)
    except OSError as error:
        message = f"cannot tidy up {folder.path}: {error.strerror}: {error.filename or ''}".rstrip(": ")
        raise RunError(message, f"{target} is saved; see to the disk and go on with --resume") from error
    return target


@contextmanager
def _reporting(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot save the checkpoint {target}: {error.strerror or error}"
        raise RunError(message, "earlier checkpoints are untouched; go on with --resume") from error


def _fill(folder: Folder, name: str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint's files, one in memory at a time."""
    parts: dict[str, Callable[[], bytes]] = {
        "weights.safetensors": lambda: _serialized(checkpoint.weights),
        "optimizer.safetensors": lambda: _serialized(flat(checkpoint.slots)),
        "state.json": lambda: json.dumps(checkpoint.progress.as_json(), indent=1).encode(),
    }
    files: dict[str, Any] = {}
    with folder.make_folder(name) as inside:
        for part, content in parts.items():
            data = content()
            files[part] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            inside.write(part, data)
        inside.write("manifest.json", checksummed_json({"schema_version": 2, "files": files}))
        inside.sync()


def read(path: Path) -> Checkpoint:
    """Load a checkpoint after verifying it. Raises `RunError` if it is damaged."""
    fault = problem(path)
    if fault:
        raise RunError(
            f"the checkpoint {path} is damaged: {fault}", "specnet takes the newest intact one of a run"
        )
    try:
        return Checkpoint(
            weights=_finite(path / "weights.safetensors"),
            slots=nested(_finite(path / "optimizer.safetensors")),
            progress=read_progress(path / "state.json"),
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise RunError(f"the checkpoint {path} cannot be read: {error}") from error


def _finite(path: Path) -> State:
    """The tensors of a file. Raises `ValueError` if one holds what no trainer saves."""
    state = tensors.load(path)
    for name, values in state.items():
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise ValueError(f"{path.name}: '{name}' has values that are not finite numbers")
    return state


def _remove_old(folder: Folder) -> None:
    """Remove what is older than the newest two that verify, except the best one.

    Raises `OSError`, and removes nothing, if one of them cannot be read: it may be the best one.
    """
    paths = in_order(folder.path)
    if len(paths) <= KEPT:
        return
    intact = [path for path in paths if damage(path) is None]
    if len(intact) < KEPT:
        return
    chosen = best_of(intact)
    for path in paths[: paths.index(intact[-KEPT])]:
        if path != chosen:
            _give_way(folder, path.name)
    for leftover in folder.names():
        if leftover.startswith(".broken-step-"):
            _give_way(folder, leftover)


def _give_way(folder: Folder, name: str) -> None:
    try:
        folder.remove(name)
    except OSError as error:
        if error.errno not in IN_THE_WAY:
            raise


def _serialized(state: Mapping[str, Array]) -> bytes:
    """A state as a safetensors file. Raises `MemoryError` where there is not enough for it."""
    try:
        return bytes(save({name: np.asarray(array, order="C") for name, array in state.items()}))
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as panic:  # what safetensors raises where memory runs out is no `Exception`
        raise MemoryError("the state cannot be serialized") from panic
