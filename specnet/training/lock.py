"""One trainer for a run directory: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from specnet.errors import RunError

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
"""What file systems say that cannot lock, some network ones for example."""


class Lock:
    """Held from construction until `release`. Raises `RunError` if another process holds it."""

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        """`note` is told if the file system has no locks: the work goes on, unprotected."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            while not self._take(note):
                os.close(self._descriptor)
                self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self, *, remove: bool = False) -> None:
        """Give it up; `remove` takes the file away, too."""
        if remove:
            with suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)

    def _take(self, note: Callable[[str], None]) -> bool:
        """Lock the file; False if it is not the one at the path any more, so that the lock means nothing."""
        try:
            self._flock()
        except BlockingIOError:
            holder = os.read(self._descriptor, 200).decode(errors="replace").strip()
            raise RunError(
                f"another trainer is using {self.path.parent}{f': {holder}' if holder else ''}",
                "wait for it, or name another --run-dir",
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            note(
                f"warning: the file system of {self.path.parent} has no locks: "
                "make sure that no second trainer uses this run directory"
            )
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _flock(self) -> None:
        """Try for a moment: `specnet runs` holds a lock for as long as it takes to see that nobody does."""
        for patience in (0.02, 0.1):
            with suppress(BlockingIOError):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(patience)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
