"""The training loop, for every backend."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import SupportsFloat

import numpy as np

from specnet.backend.batch import Batch
from specnet.backend.protocol import Executable, StepResult
from specnet.backend.slots import flat
from specnet.data.base import Dataset, names_of
from specnet.diagnostics.errors import DataError, RunError
from specnet.plans.plan import Plan
from specnet.recipe.metrics import measured
from specnet.recipe.training import Training
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.naming import RunNaming
from specnet.runs.records import Evaluation, EvaluationLine, Line, RunProgress, StepLine, StopLine
from specnet.terminal.signals import Interrupted, noticing_signals
from specnet.training.batches import Inputs
from specnet.training.callbacks.callback import Callback
from specnet.training.evaluation import evaluate
from specnet.training.options import images_at_once
from specnet.training.prefetch import Prefetch

IN_FLIGHT = 8
"""Steps whose losses have not been asked for yet; asking for one waits for the device."""
SLOW = 0.5
"""Seconds of a step after which all earlier losses are asked for: somebody waits for them, and the device has
the present step to do."""


class _Stop(Exception):  # noqa: N818  (a stop on request is not an error)
    """Leaves an evaluation when a signal has come."""


@dataclass
class Trainer:
    """Runs steps on one executable, and tells `callbacks` of them.

    `state` is how far the run is; its weights are the executable's.
    """

    executable: Executable
    plan: Plan
    recipe: Training
    inputs: Inputs
    dataset: Dataset
    naming: RunNaming
    state: RunProgress
    callbacks: Sequence[Callback]
    last_saved: Path | None = None
    """The newest checkpoint, if there is one."""
    _noticed: list[int] = field(default_factory=list)
    _pending: deque[tuple[StepLine, SupportsFloat, int]] = field(default_factory=deque)
    """Steps whose losses are still under way, with their numbers of images."""

    @property
    def step(self) -> int:
        """Updates done."""
        return self.state.step

    def train(self) -> Evaluation:
        """Train up to the step that was asked for, evaluating after every epoch; returns the last evaluation.

        Data that cannot be read, and a signal, stop it between two steps: what is trained so far is saved.
        """
        with noticing_signals() as self._noticed:
            try:
                evaluation = self._train()
            except _Stop:
                raise Interrupted(self._noticed[0], f"saved {self.save()}, go on with --resume") from None
            except (DataError, OSError) as error:
                hint = f"saved {self.save()}; when the data is there again, go on with --resume"
                reason = error.message if isinstance(error, DataError) else f"cannot read the data: {error}"
                raise DataError(reason, hint) from error
            self.save()
        return evaluation

    def _train(self) -> Evaluation:
        for callback in self.callbacks:
            callback.begin(self.step)
        if self.step and self._is_end_of_epoch() and len(self.state.evaluations) < self._epochs_done():
            self._end_epoch()  # it was interrupted
            self._save_if_wanted()
        source = self.inputs.batches(self.dataset.train, self.step, self.state.stop)
        with Prefetch(source, lambda: bool(self._noticed)) as batches:
            began, seconds = time.monotonic(), 0.0
            for batch in batches:
                arrived = time.monotonic()
                rate, loss = self._step(batch)
                self._record(0 if seconds > SLOW else IN_FLIGHT)
                seconds = max(time.monotonic() - began, 1e-9)
                line = StepLine(
                    step=self.step,
                    epoch=self._epochs_begun(),
                    loss=math.nan,
                    learning_rate=rate,
                    images_per_second=round(len(batch.labels) / seconds, 2),
                    data_wait=round(arrived - began, 6),
                )
                self._pending.append((line, loss, len(batch.labels)))
                if self._is_end_of_epoch():
                    self._end_epoch()
                self._save_if_wanted()
                for callback in self.callbacks:
                    callback.step(line, len(batch.labels))
                began = time.monotonic()
        self._record(0)
        if self._noticed:
            raise _Stop
        if self.state.evaluation is None:
            self.state = replace(self.state, evaluation=self._evaluate(self._epochs_begun()))
        assert self.state.evaluation is not None
        return self.state.evaluation

    def _step(self, batch: Batch) -> tuple[float, SupportsFloat]:
        """One update. Returns its learning rate and its loss."""
        errors = [evaluation.top1_error for evaluation in self.state.evaluations]
        rate = self.recipe.learning_rate(self.step, self._epochs_done(), errors)
        loss = self.executable.train_step(batch, rate, self.state.micro_batch)
        self.state = replace(self.state, step=self.step + 1, evaluation=None)
        return rate, loss

    def _epochs_done(self) -> int:
        return self.step // self.state.steps_per_epoch

    def _epochs_begun(self) -> int:
        """The epoch of the last step, counted from 1."""
        return -(-self.step // self.state.steps_per_epoch)

    def _is_end_of_epoch(self) -> bool:
        return self.step % self.state.steps_per_epoch == 0

    def _end_epoch(self) -> None:
        self._record(0)
        evaluation = self._evaluate(self._epochs_done())
        self.state = replace(
            self.state, evaluation=evaluation, evaluations=(*self.state.evaluations, evaluation)
        )

    def _save_if_wanted(self) -> None:
        if any(callback.wants_checkpoint(self.state) for callback in self.callbacks):
            self.save()

    def save(self) -> Path | None:
        """Have the present state saved, after the losses of all steps up to it; returns where."""
        self._record(0)
        weights = self.naming.saved(self.executable.state())
        kept = self.executable.optimizer_state()
        slots = {slot: self.naming.saved(arrays) for slot, arrays in kept.items()}
        for name, values in (*weights.items(), *flat(slots).items()):
            if not np.isfinite(values).all():
                raise self._stopped(f"'{name}' has values that are not finite after step {self.step}")
        saved = Checkpoint(weights, slots, self.state)
        for callback in self.callbacks:
            self.last_saved = callback.save(saved) or self.last_saved
        return self.last_saved

    def _record(self, leave: int) -> None:
        """Tell the losses of the oldest steps until `leave` of them are still under way."""
        while len(self._pending) > leave:
            line, loss, images = self._pending.popleft()
            wrong = loss.wrong if isinstance(loss, StepResult) else None
            error = None if wrong is None else float(wrong) / images
            line = replace(line, loss=float(loss), top1_error=error)
            if not math.isfinite(line.loss):
                raise self._not_finite(line)
            self._tell(line)

    def _tell(self, line: Line) -> None:
        for callback in self.callbacks:
            callback.line(line)

    def _not_finite(self, line: StepLine) -> RunError:
        """The error that stops the run at a loss; `metrics.jsonl` gets all samples of the step."""
        samples = self.inputs.samples(self.dataset.train, line.step - 1)
        named = names_of(self.dataset.train, samples) or [str(index) for index in samples]
        self._tell(StopLine(line.step, line.epoch, f"{line.loss}", tuple(named)))
        shown = ", ".join(named[:8]) + (f" and {len(named) - 8:,} more" if len(named) > 8 else "")
        message = f"the loss is {line.loss} at step {line.step} (epoch {line.epoch}), on the samples {shown}"
        return self._stopped(message)

    def _stopped(self, message: str) -> RunError:
        saved = self.last_saved
        last = f"the last checkpoint is {saved}" if saved else "there is no checkpoint yet"
        hint = f"{last}; lower the learning rate (--resume --allow-changes), or clip gradients"
        return RunError(f"{message}; the run was stopped", hint)

    def _evaluate(self, epoch: int) -> Evaluation:
        def show(done: int, total: int) -> None:
            if self._noticed:
                raise _Stop
            for callback in self.callbacks:
                callback.evaluating(epoch, done, total)

        images, size = self.dataset.test, images_at_once(self.recipe, self.state.micro_batch)
        show(0, len(images))
        metrics = measured(self.recipe.metrics, len(self.dataset.classes))
        evaluation = evaluate(self.executable, self.plan, self.inputs, images, size, metrics, show)
        if not math.isfinite(evaluation.loss):
            message = f"the loss on the test images is {evaluation.loss} after step {self.step}"
            raise self._stopped(message)
        self._tell(EvaluationLine(self.step, epoch, evaluation))
        return evaluation
