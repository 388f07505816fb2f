"""How long work is stopped from outside: by a signal, which is noticed between two steps."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from specnet.diagnostics.errors import SpecnetError


class Interrupted(SpecnetError):  # noqa: N818  (a stop on request is no error)
    """A signal stopped the work at a good place. `exit_code` is 128 + the signal's number."""

    def __init__(self, number: int, how_to_go_on: str) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}; {how_to_go_on}")
        self.exit_code = 128 + number


@contextmanager
def noticing_signals() -> Iterator[list[int]]:
    """Collect SIGINT, SIGTERM and SIGHUP instead of dying of them. One that is ignored (nohup, `&`) stays so.

    A second one has its usual effect, unless it comes within a second: shells and wrappers send two for one.
    """
    noticed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noticed
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}

    first: list[float] = []

    def notice(number: int, frame: FrameType | None) -> None:
        noticed.append(number)
        first.append(time.monotonic())
        if time.monotonic() - first[0] > 1:
            signal.signal(number, before[signal.Signals(number)])
            signal.raise_signal(number)

    for number in before:
        signal.signal(number, notice)
    try:
        yield noticed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def saving_on_request() -> Iterator[Callable[[], bool]]:
    """A function that says once for each SIGUSR1 that has come: batch systems announce the end of a job with
    it, and a training saves and goes on. A signal that is ignored stays so."""
    asked: list[int] = []
    before = signal.getsignal(signal.SIGUSR1)
    if threading.current_thread() is not threading.main_thread() or before == signal.SIG_IGN:
        yield lambda: False
        return

    def take() -> bool:
        return bool(asked and asked.pop())

    signal.signal(signal.SIGUSR1, lambda number, frame: asked.append(number))
    try:
        yield take
    finally:
        signal.signal(signal.SIGUSR1, before)
