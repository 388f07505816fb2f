"""Files that a person has named, given their content in one step: an error or a crash leaves the old one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from specnet.diagnostics.errors import UsageError
from specnet.storage import system
from specnet.storage.folder import Folder


def replace(path: Path, data: bytes) -> None:
    """Give a file new content, for good. Raises `OSError`, for links and all but plain files, too."""
    with _parent(path) as folder:
        folder.replace(path.name, data)


def save(path: str | Path, data: bytes) -> Path:
    """The same for a file that a person has named; returns its path. Raises `UsageError`."""
    try:
        replace(Path(path), data)
    except OSError as error:
        hint = "name a file in a directory that exists and may be written to"
        raise UsageError(f"cannot write {path}: {error.strerror}", hint) from error
    return Path(path)


@contextmanager
def replacing(path: Path) -> Iterator[int]:
    """The same for content that comes in pieces: a descriptor to write it to."""
    with _parent(path) as folder, folder.replacing(path.name) as descriptor:
        yield descriptor


@contextmanager
def made_beside(path: Path, room: int) -> Iterator[Path]:
    """A path for a library that writes files by name; what it has written becomes `path` on leaving.

    It lies in a new folder of nobody else's. `room` bytes are asked of the disk first: HDF5 ends the process
    where a disk is full.
    """
    with _parent(path) as folder:
        folder.check(path.name)
        with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as private:
            beside = Path(private) / path.name
            _reserve(beside, room)
            yield beside
            with system.opened(beside, os.O_RDONLY) as descriptor:
                system.calls.fsync(descriptor)
            folder.check(path.name)
            beside.rename(path)
        folder.sync()


def _reserve(path: Path, room: int) -> None:
    """Raise `OSError` unless the disk has room for a file of that size."""
    with system.opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as descriptor:
        try:
            os.posix_fallocate(descriptor, 0, room)
        finally:
            path.unlink()


def _parent(path: Path) -> Folder:
    if path.name in ("", ".."):
        raise IsADirectoryError(21, "Is a directory", str(path))
    return Folder.opened(path.parent, through_link=True)
