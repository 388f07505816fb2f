"""`metrics.jsonl`: a line for each step and evaluation, cut back to its checkpoint when a run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from specnet.diagnostics.errors import RunError
from specnet.runs.records import EvaluationLine, Line, StepLine, line_of
from specnet.storage import reading, system
from specnet.storage.folder import Folder

NAME = "metrics.jsonl"


class MetricsFile:
    """Appends lines to the file in a folder. Every method raises `RunError` if the disk refuses."""

    def __init__(self, folder: Folder) -> None:
        self._path = folder.path / NAME
        with _reporting(self._path):
            new = folder.mode(NAME) is None
            self._descriptor = folder.open(NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            if new:
                folder.sync()

    def append(self, line: Line) -> None:
        with _reporting(self._path, "the checkpoints are untouched; go on with --resume"):
            system.append(self._descriptor, (json.dumps(line.as_json()) + "\n").encode())

    def sync(self) -> None:
        """Wait until the disk has all lines."""
        with _reporting(self._path, "the checkpoints are untouched; go on with --resume"):
            system.calls.fsync(self._descriptor)

    def close(self) -> None:
        with _reporting(self._path):
            system.calls.close(self._descriptor)


@contextmanager
def _reporting(path: Path, hint: str | None = None) -> Iterator[None]:
    try:
        yield
    except (OSError, reading.Unfit) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"cannot write {path}: {reason}", hint) from error


def lines(path: Path) -> Iterator[Line]:
    """The lines of a `metrics.jsonl` that are intact; none if it is not there."""
    try:
        for text in reading.lines(path):
            line = line_of(text)
            if line is not None:
                yield line
    except FileNotFoundError:
        return
    except (OSError, reading.Unfit) as error:
        raise RunError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def trained_since_evaluation(path: Path) -> bool:
    """Whether a step follows an evaluation: a trainer saves between the two."""
    evaluated = False
    for line in lines(path):
        if evaluated and isinstance(line, StepLine):
            return True
        evaluated = evaluated or isinstance(line, EvaluationLine)
    return False


def cut(folder: Folder, step: int, *, evaluated: bool) -> None:
    """Drop the lines after a checkpoint's step, and any that was cut short or damaged.

    `evaluated` is whether the checkpoint knows its own evaluation; if not, it will be made again. Raises
    `RunError` if the disk refuses.
    """
    with _reporting(folder.path / NAME), folder.replacing(NAME) as descriptor:
        kept = bytearray()
        for line in _full_lines(folder.path / NAME):
            if _belongs(line, step, evaluated):
                kept += line
            if len(kept) >= system.PIECE:
                system.append(descriptor, bytes(kept))
                kept.clear()
        system.append(descriptor, bytes(kept))


def _belongs(text: bytes, step: int, evaluated: bool) -> bool:
    line = line_of(text)
    if line is None or line.step > step:
        return False
    return line.step < step or evaluated or not isinstance(line, EvaluationLine)


def _full_lines(path: Path) -> Iterator[bytes]:
    """The lines that have their ends; none if the file is not there."""
    with suppress(FileNotFoundError):
        yield from reading.lines(path)
