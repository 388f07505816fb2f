"""Changing files so that a crash, at any moment, leaves the old content or the new one.

Whatever a run keeps goes through `calls`, the system calls that a save is made of. Tests put others in their
place: a disk that is full, one that forgets what was not flushed, one that kills the process.
"""

from __future__ import annotations

import errno
import hashlib
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

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC, 0o666)

    def read(self, descriptor: int, count: int) -> bytes:
        return os.read(descriptor, count)

    def write(self, descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def mkdir(self, path: Path) -> None:
        path.mkdir()

    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def rmdir(self, path: Path) -> None:
        path.rmdir()


calls = Calls()


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor, closed on leaving; closing may be what reports that the disk refused."""
    descriptor = calls.open(path, flags)
    try:
        yield descriptor
    finally:
        calls.close(descriptor)


def append(descriptor: int, data: bytes) -> None:
    """Write all of `data` where the descriptor stands."""
    left = memoryview(data)
    while left:
        left = left[calls.write(descriptor, left[:PIECE]) :]


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
        append(descriptor, data)
        calls.fsync(descriptor)


def replace_durably(path: Path, data: bytes) -> None:
    """Give a file new content in one step: readers see the old content or the new one."""
    beside = path.with_name(f".{path.name}.writing")
    write_durably(beside, data)
    calls.rename(beside, path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Wait until the disk has a folder's entries."""
    with opened(path, os.O_RDONLY) as descriptor:
        try:
            calls.fsync(descriptor)
        except OSError as error:
            if error.errno not in NO_FOLDER_SYNC:
                raise


def make_folders(path: Path) -> list[Path]:
    """Make a folder and its parents where they are missing, for good. Returns those made, outermost first."""
    if path.is_dir():
        return []
    made = make_folders(path.parent)
    try:
        calls.mkdir(path)
    except FileExistsError:
        if path.is_dir():  # somebody else was faster
            return made
        raise
    sync_folder(path.parent)
    return [*made, path]


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with everything in it."""
    if path.is_symlink() or not path.is_dir():
        calls.unlink(path)
        return
    for entry in sorted(path.iterdir()):
        remove(entry)
    calls.rmdir(path)


def read(path: Path, limit: int) -> bytes:
    """A whole file. Raises `ValueError` if it is no plain file, or larger than `limit` bytes."""
    pieces = []
    with _plain(path) as (descriptor, size):
        if size > limit:
            raise ValueError(f"it is larger than {limit:,} bytes")
        while piece := calls.read(descriptor, PIECE):
            pieces.append(piece)
    return b"".join(pieces)


def digest(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file. Raises `ValueError` if it is no plain file."""
    found, size = hashlib.sha256(), 0
    with _plain(path) as (descriptor, _):
        while piece := calls.read(descriptor, PIECE):
            found.update(piece)
            size += len(piece)
    return size, found.hexdigest()


@contextmanager
def _plain(path: Path) -> Iterator[tuple[int, int]]:
    """A plain file's descriptor and size. A pipe in its place would keep the reader waiting for ever."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a plain file")
    with opened(path, os.O_RDONLY) as descriptor:
        yield descriptor, os.fstat(descriptor).st_size
