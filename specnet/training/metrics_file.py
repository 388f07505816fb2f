"""`metrics.jsonl`: a line for each step and evaluation, cut back to its checkpoint when a run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from specnet import disk


class MetricsFile:
    """Appends lines. Every method raises `OSError` if the disk refuses."""

    def __init__(self, path: Path) -> None:
        new = not path.exists()
        self._descriptor = disk.calls.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        if new:
            disk.sync_folder(path.parent)

    def append(self, line: dict[str, Any]) -> None:
        disk.append(self._descriptor, (json.dumps(line) + "\n").encode())

    def sync(self) -> None:
        """Wait until the disk has all lines."""
        disk.calls.fsync(self._descriptor)

    def close(self) -> None:
        disk.calls.close(self._descriptor)


def cut(path: Path, step: int, *, evaluated: bool) -> None:
    """Drop the lines after a checkpoint's step, and any that was cut short or damaged.

    `evaluated` is whether the checkpoint knows its own evaluation; if not, it will be made again.
    """
    beside = path.with_name(f".{path.name}.writing")
    with disk.opened(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
        kept = bytearray()
        for line in _lines(path):
            if _belongs(line, step, evaluated):
                kept += line
            if len(kept) >= disk.PIECE:
                disk.append(descriptor, bytes(kept))
                kept.clear()
        disk.append(descriptor, bytes(kept))
        disk.calls.fsync(descriptor)
    disk.calls.rename(beside, path)
    disk.sync_folder(path.parent)


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
        with path.open("rb") as file:
            yield from (line for line in file if line.endswith(b"\n"))
    except FileNotFoundError:
        return
