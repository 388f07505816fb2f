"""One process for a folder: a lock that the system takes back when its holder dies.

The folder itself is locked, so that nobody gets in when the file `lock` is removed; the file says who holds
it, and is locked, too, for file systems that cannot lock folders.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from specnet.storage.folder import Folder

NAME = "lock"
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF}
"""What file systems say that cannot lock, some network ones for example."""


class Held(Exception):  # noqa: N818  (a state of affairs)
    """Another process holds the folder; the text says which one, where that is known."""


class Lock:
    """Held from construction until `release`. Raises `Held` if another process has it, else `OSError`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._descriptor = self._open()
        try:
            self.protects = self._take(folder.descriptor)
            """False if the file system has no locks: a second process would not be noticed."""
            self.protects = self._take(self._descriptor) or self.protects
            while not self._is_there():
                os.close(self._descriptor)
                self._descriptor = self._open()
                self._take(self._descriptor)
            self._sign()
        except BaseException:
            os.close(self._descriptor)
            self._unlock_folder()
            raise

    def release(self, *, remove: bool = False) -> None:
        """Give it up; `remove` takes the file away, too."""
        if remove:
            with suppress(OSError):
                self._folder.remove(NAME)
        os.close(self._descriptor)
        self._unlock_folder()

    def _unlock_folder(self) -> None:
        with suppress(OSError):
            fcntl.flock(self._folder.descriptor, fcntl.LOCK_UN)

    def _open(self) -> int:
        return self._folder.open(NAME, os.O_RDWR | os.O_CREAT)

    def _take(self, descriptor: int) -> bool:
        """Lock a descriptor; False if the file system cannot."""
        try:
            _flock(descriptor)
        except BlockingIOError:
            raise Held(os.pread(self._descriptor, 200, 0).decode(errors="replace").strip()) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return False
        return True

    def _is_there(self) -> bool:
        """Whether the file is still the one that bears the name; if not, locking it means nothing."""
        try:
            status = os.stat(NAME, dir_fd=self._folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(self._descriptor), status)

    def _sign(self) -> None:
        """Say who holds it, unless the file has other names: they may be somebody's."""
        if os.fstat(self._descriptor).st_nlink == 1:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())


def is_held(folder: Path) -> bool:
    """Whether a process holds a folder. Nothing is written, and nothing waited for."""
    return any(_is_locked(path, flags) for path, flags in ((folder, os.O_DIRECTORY), (folder / NAME, 0)))


def _is_locked(path: Path, flags: int) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | flags)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _flock(descriptor: int) -> None:
    """Try for a moment: `specnet runs` holds a lock for as long as it takes to see that nobody does."""
    for patience in (0.02, 0.1):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(patience)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
