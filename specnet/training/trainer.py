"""The training loop, for every backend."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, SupportsFloat

import numpy as np

from specnet.backend.protocol import Executable
from specnet.backend.slots import flat
from specnet.data.base import Dataset, names_of
from specnet.diagnostics.errors import DataError, RunError
from specnet.plans.plan import Plan
from specnet.recipe.training import Training
from specnet.runs.checkpoint import Checkpoint, rank
from specnet.runs.naming import RunNaming
from specnet.runs.run_directory import RunDirectory
from specnet.terminal.progress import Progress
from specnet.terminal.signals import Interrupted, noticing_signals, saving_on_request
from specnet.training.batches import Inputs, steps_per_epoch
from specnet.training.callbacks.status import Status
from specnet.training.evaluation import Evaluation, evaluate
from specnet.training.interval import Interval
from specnet.training.micro_batch import images_at_once
from specnet.training.prefetch import Prefetch

IN_FLIGHT = 8
"""Steps whose losses have not been asked for yet; asking for one waits for the device."""
SLOW = 0.5
"""Seconds of a step after which all earlier losses are asked for: somebody waits for them, and the device has
the present step to do."""


Pending = deque[tuple[dict[str, Any], SupportsFloat]]
"""Lines of steps whose losses are still under way."""


class _Stop(Exception):  # noqa: N818  (a stop on request is no error)
    """Leaves an evaluation when a signal has come."""


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
    names: RunNaming
    identity: dict[str, Any]
    """What every checkpoint says about the run: seed, precision, dataset."""
    interval: Interval = field(default_factory=Interval)
    status: Status | None = None
    micro_batch: int | None = None
    """How many images the device holds at a time; the whole batch if None."""
    step: int = 0
    evaluations: list[Evaluation] = field(default_factory=list)
    evaluation: Evaluation | None = None
    """That of the present weights, if they were evaluated."""
    _noticed: list[int] = field(default_factory=list)
    _asked_to_save: Callable[[], bool] = field(default=bool)

    def resume(self, saved: Checkpoint) -> None:
        """Take up a saved state."""
        self.executable.load_state(self.names.here(saved.weights))
        self.executable.load_optimizer_state(
            {slot: self.names.here(arrays) for slot, arrays in saved.slots.items()}
        )
        self.step = saved.step
        self.evaluations = [Evaluation(**entry) for entry in saved.progress["evaluations"]]
        own = saved.progress.get("evaluation")
        self.evaluation = Evaluation(**own) if own else None

    def train(self, stop: int) -> Evaluation:
        """Train up to step `stop`, evaluating after every epoch; returns the last evaluation.

        Data that cannot be read, and a signal, stop it between two steps: what is trained so far is saved.
        """
        pending: Pending = deque()
        with noticing_signals() as self._noticed, saving_on_request() as self._asked_to_save:
            try:
                evaluation = self._train(stop, pending)
            except _Stop:
                self._record(pending, 0)
                raise Interrupted(self._noticed[0], f"saved {self.save()}, go on with --resume") from None
            except (DataError, OSError) as error:
                self._record(pending, 0)
                hint = f"saved {self.save()}; when the data is there again, go on with --resume"
                reason = error.message if isinstance(error, DataError) else f"cannot read the data: {error}"
                raise DataError(reason, hint) from error
            self.save()
        return evaluation

    def _train(self, stop: int, pending: Pending) -> Evaluation:
        per_epoch = steps_per_epoch(self.dataset.train, self.recipe)
        self.progress.begin(self.step)
        self.interval.restart()
        if self.step and self.step % per_epoch == 0 and len(self.evaluations) < self.step // per_epoch:
            self._end_epoch()  # it was interrupted
        source = self.inputs.batches(self.dataset.train, self.step, stop)
        with Prefetch(source, lambda: bool(self._noticed)) as batches:
            began, seconds = time.monotonic(), 0.0
            for batch in batches:
                arrived = time.monotonic()
                epoch = self.step // per_epoch
                rate = self.recipe.learning_rate(self.step, epoch, [e.top1_error for e in self.evaluations])
                loss = self.executable.train_step(batch, rate, self.micro_batch)
                self.step += 1
                self.evaluation = None
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
                if self.step % per_epoch == 0:
                    self._record(pending, 0)
                    self._end_epoch()
                asked = self._asked_to_save()
                if (asked or self.interval.due(self.step)) and self.step < stop:
                    self._record(pending, 0)
                    saved = self.save()
                    if asked:
                        self.progress.note(f"saved {saved}, as SIGUSR1 asked for")
                if self.status:
                    self.status.step(entry, len(batch.labels))
                began = time.monotonic()
        self._record(pending, 0)
        if self._noticed:
            raise _Stop
        if self.evaluation is None:
            self.evaluation = self._evaluate(-(-self.step // per_epoch))
        return self.evaluation

    def _end_epoch(self) -> None:
        """Evaluate; save if the network classifies better than ever."""
        per_epoch = steps_per_epoch(self.dataset.train, self.recipe)
        self.evaluation = self._evaluate(self.step // per_epoch)
        earlier = [rank(evaluation.as_json()) for evaluation in self.evaluations]
        self.evaluations.append(self.evaluation)
        if all(rank(self.evaluation.as_json()) < other for other in earlier):
            self.save()

    def save(self) -> object:
        """Write a checkpoint of the present state; returns its path."""
        state = {
            "schema_version": 1,
            **self.identity,
            "step": self.step,
            "evaluations": [evaluation.as_json() for evaluation in self.evaluations],
            "evaluation": self.evaluation.as_json() if self.evaluation else None,
        }
        weights = self.names.saved(self.executable.state())
        kept = self.executable.optimizer_state()
        slots = {slot: self.names.saved(arrays) for slot, arrays in kept.items()}
        for name, values in (*weights.items(), *flat(slots).items()):
            if not np.isfinite(values).all():
                raise self._stopped(f"'{name}' has values that are not finite after step {self.step}")
        saved = self.run.save(Checkpoint(weights, slots, state))
        self.interval.restart()
        return saved

    def _record(self, pending: Pending, leave: int) -> None:
        """Write down the oldest steps until `leave` of them are still in flight."""
        while len(pending) > leave:
            entry, loss = pending.popleft()
            entry["loss"] = float(loss)
            if not math.isfinite(entry["loss"]):
                raise self._not_finite(entry)
            self.run.record(entry)

    def _not_finite(self, entry: dict[str, Any]) -> RunError:
        """The error that stops the run at a loss; `metrics.jsonl` gets all samples of the step."""
        step = entry["step"]
        samples = self.inputs.samples(self.dataset.train, step - 1)
        named = names_of(self.dataset.train, samples) or [str(index) for index in samples]
        self.run.record_stop(
            {"step": step, "epoch": entry["epoch"], "stopped": f"{entry['loss']}", "samples": named}
        )
        shown = ", ".join(named[:8]) + (f" and {len(named) - 8:,} more" if len(named) > 8 else "")
        message = (
            f"the loss is {entry['loss']} at step {step} (epoch {entry['epoch']}), on the samples {shown}"
        )
        return self._stopped(message)

    def _stopped(self, message: str) -> RunError:
        kept = self.run.last_saved()
        last = f"the last checkpoint is {kept}" if kept else "there is no checkpoint yet"
        hint = f"{last}; lower the learning rate (--resume --allow-changes), or clip gradients"
        return RunError(f"{message}; the run was stopped", hint)

    def _evaluate(self, epoch: int) -> Evaluation:
        def show(done: int, total: int) -> None:
            if self._noticed:
                raise _Stop
            self.progress.show(f"evaluating after epoch {epoch}", done, total)

        started = time.monotonic()
        size = images_at_once(self.recipe, self.micro_batch)
        with self.progress.aside():
            found = evaluate(self.executable, self.plan, self.inputs, self.dataset.test, size, show)
        if not math.isfinite(found.loss):
            raise self._stopped(f"the loss on the test images is {found.loss} after step {self.step}")
        self.run.record({"step": self.step, "epoch": epoch, "evaluation": found.as_json()})
        self.progress.note(f"epoch {epoch}, step {self.step}: {found} ({time.monotonic() - started:.1f}s)")
        return found
