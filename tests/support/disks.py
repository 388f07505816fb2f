"""Disks in the place of the real one: full or broken ones, and one that remembers what it was asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from specnet.storage.system import Calls

Watch = Callable[[int, str, tuple[Any, ...]], None]


class Watched(Calls):
    """Tells `watch` of every call before it is made: its number from 1, its name, its arguments."""

    def __init__(self, watch: Watch, *, flushes: bool = False) -> None:
        """Waiting for the real disk only takes time, unless the process is killed in the middle of it."""
        self._watch, self._flushes = watch, flushes
        self.count = 0

    def _tell(self, name: str, *arguments: Any) -> None:
        self.count += 1
        self._watch(self.count, name, arguments)

    def open(self, path: Path, flags: int, at: int | None = None) -> int:
        self._tell("open", path, flags)
        return super().open(path, flags, at)

    def read(self, descriptor: int, count: int) -> bytes:
        self._tell("read", descriptor, count)
        return super().read(descriptor, count)

    def write(self, descriptor: int, data: memoryview) -> int:
        self._tell("write", descriptor, data)
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._tell("fsync", descriptor)
        if self._flushes:
            super().fsync(descriptor)

    def close(self, descriptor: int) -> None:
        super().close(descriptor)  # a close that fails has closed all the same
        self._tell("close", descriptor)

    def mkdir(self, path: Path, at: int | None = None) -> None:
        self._tell("mkdir", path)
        super().mkdir(path, at)

    def rename(self, source: Path, target: Path, at: int | None = None) -> None:
        self._tell("rename", source, target)
        super().rename(source, target, at)

    def unlink(self, path: Path, at: int | None = None) -> None:
        self._tell("unlink", path)
        super().unlink(path, at)

    def rmdir(self, path: Path, at: int | None = None) -> None:
        self._tell("rmdir", path)
        super().rmdir(path, at)


def failing(at: int, error: int, *, half: bool = False) -> Watched:
    """A disk whose call number `at` fails with that errno; with `half`, a write does half its work first."""

    def watch(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if number == at:
            if half and name == "write":
                os.write(arguments[0], arguments[1][: len(arguments[1]) // 2])
            raise OSError(error, os.strerror(error))

    return Watched(watch)


def flip(path: Path, place: int, bits: int) -> None:
    """Change one byte of a file where it is."""
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ bits]))
