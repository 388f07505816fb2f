"""A fork of this process in the place of a new Python, which takes half a second to start."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Sequence
from typing import Any

from specnet.storage import processes


def forking() -> None:
    """From now on `specnet.storage.processes` forks."""
    processes.start_python = _Forked  # type: ignore[assignment]


class _Forked:
    def __init__(self, function: str, arguments: Sequence[str], descriptors: Sequence[int], **_: Any) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            # A reader that crashes in a process of its own is an answer; pytest's handler, which has a
            # descriptor of its own, would tell of it on the terminal.
            faulthandler.disable()
            try:
                module, name = function.split(":")
                assert module == processes.__name__
                getattr(processes, name)(*arguments)
            finally:
                os._exit(0)

    def kill(self) -> None:
        os.kill(self.pid, 9)

    def wait(self) -> int:
        return os.waitpid(self.pid, 0)[1]
