"""Many inputs of a kind, in processes of their own: a library that crashes takes one input with it."""

from __future__ import annotations

import mmap
import os
import pickle
import resource
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fuzzing.kind import Kind

BATCH = 1000
"""Inputs that a process reads."""
PATIENCE = 60
"""Seconds on the clock for one input."""
MEMORY = 600
"""MB beyond what the process had before."""


@dataclass
class Figures:
    """What became of the inputs."""

    inputs: int = 0
    results: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    memory: int = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(self.results.items()))
        return (
            f"{self.inputs:,} inputs: {counts}; {len(self.failures)} failures\n"
            f"slowest {self.slowest[0]:.2f} s (input {self.slowest[1]}), {self.memory} MB more than before"
        )


def run(kind: Kind, seed: int, first: int, inputs: int) -> Figures:
    """Put the inputs from number `first` on to the kind's reader."""
    figures = Figures()
    place = mmap.mmap(-1, 8)
    number = first
    while number < first + inputs:
        number = _batch(kind, seed, number, min(BATCH, first + inputs - number), place, figures)
    return figures


def _batch(kind: Kind, seed: int, first: int, inputs: int, place: mmap.mmap, figures: Figures) -> int:
    """Read a batch in a new process, up to one that it dies of. Returns the number of the next input."""
    reader, writer = os.pipe()
    place[:] = struct.pack("q", first)
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe, tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            own = _read(kind, seed, range(first, first + inputs), place, Path(folder))
            pipe.write(pickle.dumps(own))
        os._exit(0)
    os.close(writer)
    began, last = time.monotonic(), first
    hangs = False
    while not (done := os.waitpid(child, os.WNOHANG))[0]:
        (now,) = struct.unpack("q", place[:])
        if now != last:
            began, last = time.monotonic(), now
        elif time.monotonic() - began > PATIENCE:
            hangs = True
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)
    (now,) = struct.unpack("q", place[:])
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    if done[1] == 0 and data:
        own = pickle.loads(data)
        figures.inputs += own.inputs
        figures.results += own.results
        figures.failures += own.failures
        figures.slowest = max(figures.slowest, own.slowest)
        figures.memory = max(figures.memory, own.memory)
        return first + inputs
    how = "hangs" if hangs else f"ends the process: {os.waitstatus_to_exitcode(done[1])}"
    figures.failures.append(f"input {now}: {how}")
    figures.inputs += now - first + 1
    return int(now) + 1


def _read(kind: Kind, seed: int, numbers: range, place: mmap.mmap, folder: Path) -> Figures:
    figures = Figures()
    sound = kind.sound(folder)
    before = _memory()
    for number in numbers:
        place[:] = struct.pack("q", number)
        raw = kind.case(seed, number, sound)
        began, had = _spent(), _memory()
        try:
            figures.results[kind.read(raw, folder)] += 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            figures.failures.append(f"input {number}: {type(error).__name__}: {error}"[:300])
        seconds = _spent() - began
        figures.slowest = max(figures.slowest, (seconds, number))
        if seconds > kind.seconds:
            figures.failures.append(f"input {number}: {seconds:.2f} s")
        if _memory() - had > MEMORY:
            figures.failures.append(f"input {number}: {_memory() - had} MB")
    figures.inputs = len(numbers)
    figures.memory = _memory() - before
    return figures


def _spent() -> float:
    """Seconds of a processor, those of processes that it has started and waited for included."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def show(kind: Kind, seed: int, number: int) -> int:
    """Read one input here, and print it."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        raw = kind.case(seed, number, kind.sound(Path(folder)))
        print(repr(raw[:2000]))
        print(kind.read(raw, Path(folder)))
    return 0


def main(kind: Kind, seed: int, first: int, inputs: int) -> int:
    """Run and print the figures."""
    figures = run(kind, seed, first, inputs)
    for failure in figures.failures[:50]:
        print(failure, file=sys.stderr)
    print(figures)
    return 1 if figures.failures else 0
