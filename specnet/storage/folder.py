"""A folder that is held open: what is asked of it happens there, wherever its path leads by then.

It may come from a stranger, links and pipes included. A link is never followed, a pipe never waited for, and
new content is written beside under a name that nobody can have prepared, flushed and renamed: a crash, at any
moment, leaves the old content or the new one. What is refused raises `OSError` with a reason for people.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from specnet.storage import system

BESIDE = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.writing", re.DOTALL)
"""The names of files that were being written."""


class Folder:
    """An open folder. Names in it are single steps; `path` is how people call it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def opened(cls, path: Path, *, through_link: bool = False) -> Self:
        """The folder at a path. Its last step may be a link only with `through_link`."""
        with _refusing(path):
            return cls(path, system.calls.open(path, _FOLDER if not through_link else _FOLDER & ~_NO_LINK))

    @classmethod
    def made(cls, path: Path) -> tuple[Self, list[Path]]:
        """The folder at a path, made for good where it is missing, and its parents; and those that were made,
        outermost first."""
        made = make_folders(path)
        return cls.opened(path), made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.descriptor)

    def open(self, name: str, flags: int) -> int:
        """A descriptor of a plain file in the folder."""
        path = self._at(name)
        with _refusing(path):
            descriptor = system.calls.open(path, flags | _NO_LINK | os.O_NONBLOCK, self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _refused(path, "it is not a plain file")
        return descriptor

    @contextmanager
    def opening(self, name: str, flags: int) -> Iterator[int]:
        """The same, closed on leaving."""
        descriptor = self.open(name, flags)
        try:
            yield descriptor
        finally:
            system.calls.close(descriptor)

    def folder(self, name: str) -> Folder:
        """A folder in this one."""
        path = self._at(name)
        with _refusing(path):
            return Folder(path, system.calls.open(path, _FOLDER, self.descriptor))

    def make_folder(self, name: str) -> Folder:
        """A folder in this one, made for good if it is not there."""
        try:
            return self.folder(name)
        except FileNotFoundError:
            with suppress(FileExistsError):  # somebody else was faster
                system.calls.mkdir(self._at(name), self.descriptor)
            self.sync()
            return self.folder(name)

    def check(self, *names: str) -> None:
        """Raise `OSError` if one of these names is there and is neither a plain file nor a folder."""
        for name in names:
            mode = self.mode(name)
            if mode is None or stat.S_ISREG(mode) or stat.S_ISDIR(mode):
                continue
            raise (
                self._link(name) if stat.S_ISLNK(mode) else _refused(self._at(name), "it is not a plain file")
            )

    def mode(self, name: str) -> int | None:
        """The kind and permissions of what bears a name, a link's own; None if nothing does."""
        try:
            return os.stat(self._at(name).name, dir_fd=self.descriptor, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """All names in the folder, in order."""
        return sorted(os.listdir(self.descriptor))  # noqa: PTH208  (a path takes no descriptor)

    def write(self, name: str, data: bytes) -> None:
        """A new file, and wait until the disk has its content."""
        with self.opening(name, _NEW) as descriptor:
            system.append(descriptor, data)
            system.calls.fsync(descriptor)

    def replace(self, name: str, data: bytes) -> None:
        """Give a file new content in one step, for good."""
        with self.replacing(name) as descriptor:
            system.append(descriptor, data)

    @contextmanager
    def replacing(self, name: str) -> Iterator[int]:
        """A descriptor to write a file's new content to.

        The file gets it on leaving, for good, or keeps the old one if something was raised. Permissions stay.
        """
        mode = self._replaceable(name)
        beside = f".{name}.{secrets.token_hex(8)}.writing"
        try:
            with self.opening(beside, _NEW) as descriptor:
                if mode is not None:
                    os.fchmod(descriptor, stat.S_IMODE(mode))
                yield descriptor
                system.calls.fsync(descriptor)
            system.calls.rename(self._at(beside), self._at(name), self.descriptor)
        except BaseException:
            with suppress(OSError):
                system.calls.unlink(self._at(beside), self.descriptor)
            raise
        self.sync()

    def _replaceable(self, name: str) -> int | None:
        """The mode of the file whose content may be replaced; None if it does not exist."""
        self.check(name)
        mode = self.mode(name)
        if mode is None:
            return None
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(self._at(name)))
        if not os.access(name, os.W_OK, dir_fd=self.descriptor):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self._at(name)))
        return mode

    def tidy(self, *names: str) -> None:
        """Remove what kills have left of attempts to replace these files."""
        for leftover in self.names():
            match = BESIDE.fullmatch(leftover)
            if match and match["name"] in names:
                self.remove(leftover)

    def rename(self, name: str, target: str) -> None:
        system.calls.rename(self._at(name), self._at(target), self.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, a link itself, or a folder with everything in it."""
        mode = self.mode(name)
        if mode is None or not stat.S_ISDIR(mode):
            system.calls.unlink(self._at(name), self.descriptor)
            return
        with self.folder(name) as inner:
            for entry in inner.names():
                inner.remove(entry)
        self.remove_folder(name)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        system.calls.rmdir(self._at(name), self.descriptor)

    def sync(self) -> None:
        """Wait until the disk has the folder's entries."""
        system.sync_folder(self.descriptor)

    def is_at_its_path(self) -> bool:
        """Whether the path still leads here: somebody may have moved the folder, or removed it."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), self.path.stat())
        except OSError:
            return False

    def _at(self, name: str) -> Path:
        assert name not in ("", ".", ".."), "a single step"
        assert "/" not in name, "a single step"
        return self.path / name

    def _link(self, name: str) -> OSError:
        return _refused(self._at(name), _link_to(os.readlink(name, dir_fd=self.descriptor)))


_NO_LINK = os.O_NOFOLLOW
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | _NO_LINK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def _refused(path: Path, why: str) -> OSError:
    return OSError(errno.ELOOP, why, str(path))


def _link_to(target: str) -> str:
    return f"it is a link (to {target}), and links are not followed here"


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What the system says of a link that it was told not to follow, in words."""
    try:
        yield
    except OSError as error:
        # Linux says ELOOP of a link to a file, ENOTDIR of one where a folder was asked for, others EMLINK.
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR, errno.ENXIO):
            if path.is_symlink():
                raise _refused(path, _link_to(str(path.readlink()))) from None
            if error.errno == errno.ENXIO:  # a pipe that nobody reads
                raise _refused(path, "it is not a plain file") from None
        error.filename = str(path)  # and not only its last step
        raise


def make_folders(path: Path) -> list[Path]:
    """Make a folder and its parents where they are missing, for good. Returns those made, outermost first."""
    if path.is_dir():
        return []
    made = make_folders(path.parent)
    try:
        system.calls.mkdir(path)
    except FileExistsError:
        if path.is_dir():  # somebody else was faster
            return made
        raise
    with system.opened(path.parent, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        system.sync_folder(descriptor)
    return [*made, path]
