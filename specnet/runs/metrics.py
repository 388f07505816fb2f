"""`metrics.jsonl`: a line for each step and evaluation, cut back to its checkpoint when a run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from specnet.storage import reading, system
from specnet.storage.folder import Folder

NAME = "metrics.jsonl"


class MetricsFile:
    """Appends lines to the file in a folder. Every method raises `OSError` if the disk refuses."""

    def __init__(self, folder: Folder) -> None:
        new = folder.mode(NAME) is None
        self._descriptor = folder.open(NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        if new:
            folder.sync()

    def append(self, line: dict[str, Any]) -> None:
        system.append(self._descriptor, (json.dumps(line) + "\n").encode())

    def sync(self) -> None:
        """Wait until the disk has all lines."""
        system.calls.fsync(self._descriptor)

    def close(self) -> None:
        system.calls.close(self._descriptor)


def cut(folder: Folder, step: int, *, evaluated: bool) -> None:
    """Drop the lines after a checkpoint's step, and any that was cut short or damaged.

    `evaluated` is whether the checkpoint knows its own evaluation; if not, it will be made again.
    """
    with folder.replacing(NAME) as descriptor:
        kept = bytearray()
        for line in _lines(folder.path / NAME):
            if _belongs(line, step, evaluated):
                kept += line
            if len(kept) >= system.PIECE:
                system.append(descriptor, bytes(kept))
                kept.clear()
        system.append(descriptor, bytes(kept))


def _belongs(line: bytes, step: int, evaluated: bool) -> bool:
    try:
        entry = json.loads(line)
        at = entry["step"]
        return bool(at < step or (at == step and ("evaluation" not in entry or evaluated)))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _lines(path: Path) -> Iterator[bytes]:
    """The lines that are whole; none if the file is not there."""
    try:
        yield from reading.lines(path)
    except FileNotFoundError:
        return
