"""Reading what may come from a stranger: plain files only, without waiting, the size before the content.

A pipe would keep the reader waiting for ever, a device has no end, and a size can be anything. Raises
`Unfit`, a `ValueError`, for anything but a plain file and for what is larger than it may be, and `OSError`
for the rest.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from specnet.storage import system

LONGEST_FILE = 2**31
"""Bytes of a file that is read line by line: ten million steps and more."""
LONGEST_LINE = 2**20
"""Bytes of a line; specnet has never written a longer one."""
STEP = 2**16


class Unfit(ValueError):  # noqa: N818  (what it is, not what raised it)
    """What is read is not a plain file, or is too large."""


@contextmanager
def opened_plain(path: Path, limit: int | None = None) -> Iterator[tuple[int, int]]:
    """A plain file's descriptor and size in bytes."""
    check_plain(path)
    with system.opened(path, os.O_RDONLY | os.O_NONBLOCK) as descriptor:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unfit("it is not a plain file")
        if limit is not None and status.st_size > limit:
            raise Unfit(f"it is larger than {limit:,} bytes")
        yield descriptor, status.st_size


def descriptor_of(path: Path) -> int:
    """An open plain file; whoever asks closes it."""
    check_plain(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unfit("it is not a plain file")
    return descriptor


def check_plain(path: Path) -> int:
    """The size of a plain file. Opening a device may do something already, so it is looked at first."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Unfit("it is not a plain file")
    return status.st_size


def read(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes."""
    with opened_plain(path, limit) as (descriptor, _):
        data = at_most(descriptor, limit + 1)
    if len(data) > limit:  # it has grown meanwhile
        raise Unfit(f"it is larger than {limit:,} bytes")
    return data


def read_inherited(path: Path, limit: int) -> bytes:
    """The content of a file, or what comes through a pipe that the shell has opened for us: `<(command)`."""
    if path.parent in (Path("/dev/fd"), Path("/proc/self/fd")) and path.is_fifo():
        with path.open("rb") as stream:
            return read_stream(stream, limit)
    return read(path, limit)


def read_start(path: Path, count: int) -> bytes:
    """The first bytes of a file of any size."""
    with opened_plain(path) as (descriptor, _):
        return at_most(descriptor, count)


def at_most(descriptor: int, count: int) -> bytes:
    """The next bytes, fewer at the end of the file."""
    pieces = []
    while count and (piece := system.calls.read(descriptor, min(count, system.PIECE))):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def read_stream(stream: IO[bytes], limit: int) -> bytes:
    """All that a stream has to say. Raises `Unfit` as soon as it is more than `limit` bytes."""
    pieces, left = [], limit
    while piece := stream.read(min(system.PIECE, left + 1)):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise Unfit(f"it is larger than {limit:,} bytes")
    return b"".join(pieces)


def digest(path: Path, limit: int | None = None) -> tuple[int, str]:
    """Size and SHA-256 of a file of at most `limit` bytes."""
    sha256, size = hashlib.sha256(), 0
    with opened_plain(path, limit) as (descriptor, _):
        while piece := system.calls.read(descriptor, system.PIECE):
            sha256.update(piece)
            size += len(piece)
            if limit is not None and size > limit:  # it has grown meanwhile
                raise Unfit(f"it is larger than {limit:,} bytes")
    return size, sha256.hexdigest()


def lines(path: Path) -> Iterator[bytes]:
    """The complete lines of a file, each with its end. One longer than `LONGEST_LINE` is passed over."""
    with opened_plain(path, LONGEST_FILE) as (descriptor, _):
        rest, skipping = b"", False
        while piece := system.calls.read(descriptor, STEP):
            first, *more = piece.split(b"\n")
            for end in more:
                if not skipping:
                    yield rest + first + b"\n"
                rest, first, skipping = b"", end, False
            rest += b"" if skipping else first
            if len(rest) > LONGEST_LINE:
                rest, skipping = b"", True


def lines_backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file without their ends, the last one first. Ends at one longer than `LONGEST_LINE`."""
    with opened_plain(path) as (descriptor, place):
        rest = b""
        while place:
            size = min(STEP, place)
            place -= size
            first, *more = (os.pread(descriptor, size, place) + rest).split(b"\n")
            yield from reversed(more)
            rest = first
            if len(rest) > LONGEST_LINE:
                return
        yield rest
