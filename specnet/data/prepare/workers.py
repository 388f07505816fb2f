"""Making shards in several processes, so that decoding uses every core.

Workers are Python processes of their own, neither forks nor second runs of the program that asked for them.
They are told what to do through a socket each, and end when its other end closes, however that came about.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from subprocess import Popen
from typing import Any

from specnet.data.prepare.shard import Task, make_shard
from specnet.diagnostics.errors import DataError, UsageError
from specnet.storage.processes import start_python

LOOK_EVERY = 0.2
"""Seconds between two looks at whether to stop."""

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class _Worker:
    process: Popen[bytes]
    pipe: Connection
    task: Task | None = None


def make_shards(tasks: Sequence[Task], workers: int, report: Callable[[int], None]) -> None:
    """Make the shards of all tasks. `report` is told how many more images are done, now and then 0.

    What `report` raises stops the work; so does the first thing that goes wrong: `DataError`, or `UsageError`
    if the disk refuses or a worker dies.
    """
    if workers == 1 or len(tasks) == 1:
        for task in tasks:
            with disk_errors(task.shard):
                make_shard(task, report)
        return
    waiting = list(reversed(tasks))
    with _started(min(workers, len(tasks))) as crew:
        for worker in crew:
            _give(worker, waiting)
        while any(worker.task for worker in crew):
            ready = wait([worker.pipe for worker in crew], LOOK_EVERY)
            report(0)
            for worker in crew:
                if worker.pipe in ready and worker.task:
                    _hear(worker, waiting, report)


def _give(worker: _Worker, waiting: list[Task]) -> None:
    worker.task = waiting.pop() if waiting else None
    if worker.task:
        with suppress(OSError):  # a worker that has died is noticed when it is listened to
            worker.pipe.send(worker.task)


def _hear(worker: _Worker, waiting: list[Task], report: Callable[[int], None]) -> None:
    """Take one message of a worker: images done, the shard done, or what went wrong."""
    assert worker.task
    try:
        what, content = worker.pipe.recv()
    except (EOFError, OSError):
        code = worker.process.wait()
        report(0)
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        hint = "too little memory? fewer --workers need less; run the same command again: it goes on"
        raise UsageError(f"a worker ended {how} while it made {worker.task.shard}", hint) from None
    if what == "images":
        report(content)
    elif what == "done":
        _give(worker, waiting)
    else:
        kind = DataError if what == "data" else UsageError
        raise kind(*content)


@contextmanager
def _started(count: int) -> Iterator[list[_Worker]]:
    """Worker processes, ended on the way out."""
    crew: list[_Worker] = []
    try:
        with _calm_surroundings():
            for _ in range(count):
                ours, theirs = socket.socketpair()
                with theirs:
                    number = theirs.fileno()
                    process = start_python(f"{__name__}:work", [str(number)], [number])
                crew.append(_Worker(process, Connection(ours.detach())))
        yield crew
    finally:
        for worker in crew:
            worker.process.terminate()
        for worker in crew:
            worker.process.wait()
            worker.pipe.close()


@contextmanager
def _calm_surroundings() -> Iterator[None]:
    """What workers inherit: one thread each for sums, and SIGINT left to the parent process."""
    before: dict[str, Any] = {name: os.environ.get(name) for name in ONE_THREAD}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def work(descriptor: str) -> None:
    """The main loop of a worker: tasks in, messages out, until the other end closes."""
    from specnet.data.sources.decoding import pillow

    pipe = Connection(int(descriptor))
    pillow()
    try:
        while True:
            task = pipe.recv()
            try:
                with disk_errors(task.shard):
                    make_shard(task, lambda images: pipe.send(("images", images)))
            except DataError as error:
                pipe.send(("data", (error.message, error.hint)))
            except UsageError as error:
                pipe.send(("usage", (error.message, error.hint)))
            else:
                pipe.send(("done", None))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """What the disk refuses, as a `UsageError` that names `path`."""
    try:
        yield
    except (BrokenPipeError, ConnectionResetError):
        raise
    except OSError as error:
        hint = "make room for it, and run the same command again: it goes on"
        raise UsageError(f"cannot write {path}: {error.strerror or error}", hint) from error
