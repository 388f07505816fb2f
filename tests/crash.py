"""Kill trainers at moments drawn from a seed, and see that nothing is lost and nothing changes.

    python tests/crash.py --moments 200 --in-saves 50 --seed 0

Every moment ends a trainer with SIGKILL: between two system calls of a save or half-way through a write, at
a step, or after a random time. After each, every checkpoint that was committed before must verify (the newest
two are kept), and when the run is finished at last, its weights, velocities and metrics must be, to the last
bit, those of a run that was never killed. Trainers are forked from a process that has imported the framework.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from specnet.backend.slots import flat
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import load
from specnet.storage import system
from specnet.syntax import document
from specnet.training.trainer import Trainer
from support.disks import Watched
from support.training_runs import TINY, run

BACKENDS = ("torch", "tensorflow")
STEPS, EVERY = 40, 2
KINDS = ("save", "step", "time")


@dataclass(frozen=True)
class Moment:
    """`place` is a fraction of what the kind counts: calls of a save, steps, or the time of a whole run."""

    kind: str
    place: float
    save: int = 1
    """From which of the attempt's saves on, if it is in one; the first ones make fewer calls."""


@dataclass
class Figures:
    """What a backend's trainers went through."""

    kills: Counter[str] = field(default_factory=Counter)
    in_saves: int = 0
    runs: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = ", ".join(f"{self.kills[kind]} at a {kind}" for kind in KINDS)
        return (
            f"{self.kills.total()} kills ({kinds}), {self.in_saves} of them inside a save; "
            f"{self.runs} runs finished; {len(self.failures)} failures"
        )


def drawn(seed: str, count: int, in_saves: int) -> list[Moment]:
    """`count` moments, `in_saves` of them inside a save."""
    draw = random.Random(seed)
    kinds = ["save"] * in_saves + [draw.choice(("step", "time")) for _ in range(count - in_saves)]
    draw.shuffle(kinds)
    return [Moment(kind, draw.random(), draw.randint(1, 4)) for kind in kinds]


class Victim:
    """What happens in a trainer's process: it tells what it has committed, and dies when it is time."""

    def __init__(self, moment: Moment | None, calls: int, report: int) -> None:
        self._moment, self._calls, self._report = moment, calls, report
        self._saves, self._steps, self._call = 0, 0, 0
        self._inside = False

    def live(self, backend: str, folder: Path) -> None:
        """Train to the end, unless the moment comes first."""
        save, record = RunDirectory.save, Trainer._record

        def saving(run: RunDirectory, made: Checkpoint) -> Path:
            self._saves, self._call, self._inside = self._saves + 1, 0, True
            self._tell("begin")
            path = save(run, made)
            self._inside = False
            self._tell(f"saved {made.step} {self._call}")
            return path

        def recording(trainer: Trainer, *arguments: Any) -> None:
            self._steps += 1
            if (
                self._moment
                and self._moment.kind == "step"
                and self._steps >= 1 + self._moment.place * STEPS / 2
            ):
                self._die()
            record(trainer, *arguments)

        RunDirectory.save = saving  # type: ignore
        Trainer._record = recording  # type: ignore
        system.calls = Watched(self._watch, flushes=True)
        spec = load(document.parse(TINY, "tiny.yaml"))
        resume = (folder / "spec.yaml").exists()
        run(spec, folder, backend=backend, steps=STEPS, checkpoint_every=EVERY, resume=resume)

    def _watch(self, _: int, name: str, arguments: tuple[Any, ...]) -> None:
        if not self._inside:
            return
        self._call += 1
        moment = self._moment
        if not moment or moment.kind != "save" or self._saves < moment.save:
            return
        if self._call == 1 + int(moment.place * self._calls):
            if name == "write":
                os.write(arguments[0], arguments[1][: len(arguments[1]) // 2])
            self._die()

    def _tell(self, text: str) -> None:
        os.write(self._report, f"{text}\n".encode())

    def _die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def attempt(
    backend: str, folder: Path, moment: Moment | None, calls: int, seconds: float
) -> tuple[int, list[str]]:
    """Fork a trainer; returns its wait status and what it told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            Victim(moment, calls, writer).live(backend, folder)
            os._exit(0)
        except BaseException as error:
            os.write(writer, f"error {type(error).__name__}: {error!s:.500}".replace("\n", " ").encode())
            os._exit(1)
    os.close(writer)
    if moment and moment.kind == "time":
        time.sleep(moment.place * seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader) as told:
        lines = told.read().splitlines()
    return os.waitpid(child, 0)[1], lines


def result(folder: Path) -> dict[str, Any]:
    """Everything about a finished run that has to be the same."""
    path = checkpoint.newest(folder / "checkpoints")
    assert path is not None
    saved = checkpoint.read(path)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    metrics = [(line["step"], line.get("loss"), line.get("evaluation")) for line in lines]
    return {
        "progress": saved.progress,
        "metrics": metrics,
        "weights": saved.weights,
        "slots": flat(saved.slots),
    }


def difference(found: dict[str, Any], expected: dict[str, Any]) -> str | None:
    for part in ("progress", "metrics"):
        if found[part] != expected[part]:
            return f"the {part} differ"
    for part in ("weights", "slots"):
        for name, values in expected[part].items():
            if found[part][name].tobytes() != values.tobytes():
                return f"the {part} differ in {name}"
    return None


def lost(folder: Path, committed: list[int]) -> str | None:
    """What is missing of the checkpoints that were committed: the newest two have to be intact."""
    for step in committed[-checkpoint.KEPT :]:
        fault = checkpoint.problem(folder / "checkpoints" / f"step-{step:08d}")
        newer = [p for p in (folder / "checkpoints").glob("step-*") if int(p.name[5:]) > step]
        whole = [p for p in newer if checkpoint.problem(p) is None]
        if fault is not None and len(whole) < checkpoint.KEPT:
            return f"step {step} was committed: {fault}"
    return None


def campaign(backend: str, parent: Path, moments: list[Moment]) -> Figures:
    """Put a backend's trainers through all moments, one run after another."""
    figures = Figures()
    began = time.monotonic()
    status, told = attempt(backend, parent / "whole", None, 0, 0)
    seconds = time.monotonic() - began
    if status != 0:
        figures.failures.append(f"the run that was not killed: {told}")
        return figures
    expected = result(parent / "whole")
    calls = max(int(line.split()[2]) for line in told if line.startswith("saved"))
    folder, committed = parent / "run", list[int]()
    waiting = list(reversed(moments))
    while waiting or committed:
        moment = waiting[-1] if waiting else None
        status, told = attempt(backend, folder, moment, calls, seconds)
        committed = sorted({*committed, *(int(line.split()[1]) for line in told if line.startswith("saved"))})
        problem = lost(folder, committed)
        if os.WIFSIGNALED(status):
            assert moment is not None
            waiting.pop()
            figures.kills[moment.kind] += 1
            figures.in_saves += bool(told) and told[-1] == "begin"
        elif status == 0:
            problem = problem or difference(result(folder), expected)
            figures.runs += 1
            if moment is not None and moment.kind == "time":
                seconds *= 0.7  # the moment came too late: the machine has become faster
            shutil.rmtree(folder)
            committed = []
        else:
            problem = f"the trainer failed: {told[-1:]}"
        if problem is not None:
            figures.failures.append(f"{moment}: {problem}")
            if len(figures.failures) > 5:
                break
            shutil.rmtree(folder, ignore_errors=True)
            committed = []
    return figures


def _import(backend: str) -> None:
    """Everything a trainer needs, so that a forked one starts at once."""
    import specnet.training.session
    from specnet.backend import protocol as backends
    from specnet.plots import curves, kernels

    assert specnet.training.session, (curves, kernels, np)
    backends.find(backend)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moments", type=int, default=200, metavar="N", help="of all backends together")
    parser.add_argument(
        "--in-saves", type=int, default=50, metavar="N", help="how many of them inside a save"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backend", choices=BACKENDS, action="append", help="may be repeated; default: both")
    options = parser.parse_args()
    chosen = options.backend or list(BACKENDS)
    children: dict[int, str] = {}
    with tempfile.TemporaryDirectory(prefix="crash-") as parent:
        for index, backend in enumerate(chosen):
            # The first of the backends get what does not divide.
            count, saves = (-(-(n - index) // len(chosen)) for n in (options.moments, options.in_saves))
            child = os.fork()
            if child == 0:
                os.environ["OMP_NUM_THREADS"] = "1"
                _import(backend)
                (Path(parent) / backend).mkdir()
                moments = drawn(f"{options.seed} {backend}", count, saves)
                began = time.monotonic()
                figures = campaign(backend, Path(parent) / backend, moments)
                took = time.monotonic() - began
                print(f"{backend}: {figures} ({took:.0f} s)", *figures.failures, sep="\n", flush=True)
                os._exit(bool(figures.failures))
            children[child] = backend
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
