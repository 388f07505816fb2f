"""The system calls that reading and writing are made of.

Tests put others in the place of `calls`: a disk that is full, one that forgets what was not flushed, one that
kills the process. A path is taken relative to a folder's descriptor, `at`, where one is given: then its last
name alone counts, and the rest is there to be read by people.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 16 * 2**20
"""Bytes read or written in one call."""

NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What file systems say that cannot flush a folder, some network ones for example."""


class Calls:
    """The system calls, one method each."""

    def open(self, path: Path, flags: int, at: int | None = None) -> int:
        return os.open(_name(path, at), flags | os.O_CLOEXEC, 0o666, dir_fd=at)

    def read(self, descriptor: int, count: int) -> bytes:
        return os.read(descriptor, count)

    def write(self, descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def mkdir(self, path: Path, at: int | None = None) -> None:
        os.mkdir(_name(path, at), dir_fd=at)

    def rename(self, source: Path, target: Path, at: int | None = None) -> None:
        os.rename(_name(source, at), _name(target, at), src_dir_fd=at, dst_dir_fd=at)

    def unlink(self, path: Path, at: int | None = None) -> None:
        os.unlink(_name(path, at), dir_fd=at)

    def rmdir(self, path: Path, at: int | None = None) -> None:
        os.rmdir(_name(path, at), dir_fd=at)


calls = Calls()


def _name(path: Path, at: int | None) -> Path | str:
    return path if at is None else path.name


@contextmanager
def opened(path: Path, flags: int, at: int | None = None) -> Iterator[int]:
    """A descriptor, closed on leaving; closing may be what reports that the disk refused."""
    descriptor = calls.open(path, flags, at)
    try:
        yield descriptor
    finally:
        calls.close(descriptor)


def append(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data` where the descriptor stands."""
    left = memoryview(data)
    while left:
        left = left[calls.write(descriptor, left[:PIECE]) :]


def sync_folder(descriptor: int) -> None:
    """Wait until the disk has a folder's entries."""
    try:
        calls.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_FOLDER_SYNC:
            raise
