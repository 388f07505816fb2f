"""The training loop, for every backend."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, SupportsFloat

from specnet.backend import Executable
from specnet.data.base import Dataset
from specnet.errors import RunError, SpecnetError
from specnet.plan import Plan
from specnet.recipe import Training
from specnet.training.checkpoint import Checkpoint
from specnet.training.evaluation import Evaluation, evaluate
from specnet.training.inputs import Inputs, steps_per_epoch
from specnet.training.micro_batch import images_at_once
from specnet.training.names import Names
from specnet.training.prefetch import Prefetch
from specnet.training.progress import Progress
from specnet.training.run_directory import RunDirectory
from specnet.training.schedule import learning_rate
from specnet.training.status import Status

IN_FLIGHT = 8
"""Steps whose losses have not been asked for yet; asking for one waits for the device."""
SLOW = 0.5
"""Seconds of a step after which all earlier losses are asked for: somebody waits for them, and the device has
the present step to do."""


class Interrupted(SpecnetError):  # noqa: N818  (a stop on request is no error)
    """A signal stopped the run after it was saved. `exit_code` is 128 + the signal's number."""

    def __init__(self, number: int, saved: object) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}; saved {saved}, go on with --resume")
        self.exit_code = 128 + number


@dataclass
class Trainer:
    """Trains one executable. `step` counts updates done; `evaluations` are those at the end of each epoch."""

    executable: Executable
    plan: Plan
    recipe: Training
    inputs: Inputs
    dataset: Dataset
    run: RunDirectory
    progress: Progress
    names: Names
    identity: dict[str, Any]
    """What every checkpoint says about the run: seed, precision, dataset."""
    checkpoint_every: int | None = None
    status: Status | None = None
    micro_batch: int | None = None
    """How many images the device holds at a time; the whole batch if None."""
    step: int = 0
    evaluations: list[Evaluation] = field(default_factory=list)

    def resume(self, saved: Checkpoint) -> None:
        """Take up a saved state."""
        self.executable.load_state(self.names.here(saved.weights))
        self.executable.load_optimizer_state(self.names.here(saved.velocities))
        self.step = saved.step
        self.evaluations = [Evaluation(**entry) for entry in saved.progress["evaluations"]]

    def train(self, stop: int) -> Evaluation:
        """Train up to step `stop`, evaluating after every epoch; returns the last evaluation."""
        per_epoch = steps_per_epoch(self.dataset.train, self.recipe)
        pending: deque[tuple[dict[str, Any], SupportsFloat]] = deque()
        evaluation: Evaluation | None = None
        self.progress.begin(self.step)
        with (
            _noticing_signals() as noticed,
            Prefetch(self.inputs.batches(self.dataset.train, self.step, stop)) as batches,
        ):
            began, seconds = time.monotonic(), 0.0
            for batch in batches:
                arrived = time.monotonic()
                epoch = self.step // per_epoch
                rate = learning_rate(self.recipe, self.step, epoch, [e.top1_error for e in self.evaluations])
                loss = self.executable.train_step(batch, rate, self.micro_batch)
                self.step += 1
                self._record(pending, 0 if seconds > SLOW else IN_FLIGHT)
                seconds = max(time.monotonic() - began, 1e-9)
                entry = {
                    "step": self.step,
                    "epoch": epoch + 1,
                    "loss": None,
                    "learning_rate": rate,
                    "images_per_second": round(len(batch.labels) / seconds, 2),
                    "data_wait": round(arrived - began, 6),
                }
                pending.append((entry, loss))
                evaluation = None
                if self.step % per_epoch == 0:
                    self._record(pending, 0)
                    evaluation = self._evaluate(epoch + 1)
                    self.evaluations.append(evaluation)
                if noticed:
                    self._record(pending, 0)
                    raise Interrupted(noticed[0], self.save())
                if self.checkpoint_every and self.step % self.checkpoint_every == 0:
                    self._record(pending, 0)
                    self.save()
                if self.status:
                    self.status.step(entry, len(batch.labels))
                began = time.monotonic()
        self._record(pending, 0)
        if evaluation is None:
            evaluation = self._evaluate(-(-self.step // per_epoch))
        self.save()
        return evaluation

    def save(self) -> object:
        """Write a checkpoint of the present state; returns its path."""
        state = {
            "schema_version": 1,
            **self.identity,
            "step": self.step,
            "evaluations": [evaluation.as_json() for evaluation in self.evaluations],
        }
        weights = self.names.saved(self.executable.state())
        velocities = self.names.saved(self.executable.optimizer_state())
        return self.run.save(Checkpoint(weights, velocities, state))

    def _record(self, pending: deque[tuple[dict[str, Any], SupportsFloat]], leave: int) -> None:
        """Write down the oldest steps until `leave` of them are still in flight."""
        while len(pending) > leave:
            entry, loss = pending.popleft()
            entry["loss"] = float(loss)
            if not math.isfinite(entry["loss"]):
                message = f"the loss is {entry['loss']} at step {entry['step']}; the run was stopped"
                raise RunError(message, "the last checkpoint is untouched; try a lower learning rate")
            self.run.record(entry)

    def _evaluate(self, epoch: int) -> Evaluation:
        def show(done: int, total: int) -> None:
            self.progress.show(f"evaluating after epoch {epoch}", done, total)

        started = time.monotonic()
        size = images_at_once(self.recipe, self.micro_batch)
        with self.progress.aside():
            found = evaluate(self.executable, self.plan, self.inputs, self.dataset.test, size, show)
        self.run.record({"step": self.step, "epoch": epoch, "evaluation": found.as_json()})
        self.progress.note(f"epoch {epoch}, step {self.step}: {found} ({time.monotonic() - started:.1f}s)")
        return found


@contextmanager
def _noticing_signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM instead of dying of them.

    A second one has its usual effect, unless it comes within a second: shells and wrappers send two for one.
    """
    noticed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noticed
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

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
