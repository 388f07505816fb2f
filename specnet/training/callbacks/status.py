"""The line that says how training goes: averages over the steps since it was last drawn."""

from __future__ import annotations

import time
from contextlib import ExitStack

from specnet.runs.history import History
from specnet.runs.records import EvaluationLine, Line, StepLine
from specnet.terminal.progress import Progress
from specnet.text import decimal, duration, plural
from specnet.training.callbacks.callback import Callback


class Status(Callback):
    """Follows a run whose `history` is given, on its way to step `stop`."""

    def __init__(self, progress: Progress, history: History, per_epoch: int, stop: int) -> None:
        self._progress, self._per_epoch, self._stop = progress, per_epoch, stop
        self._error = history.evaluations[-1].top1_error if history.evaluations else None
        self._losses: list[float] = []
        self._errors: list[float] = []
        self._images, self._seconds, self._waited = 0, 0.0, 0.0
        self._all_steps, self._all_images, self._all_seconds, self._all_waited = 0, 0, 0.0, 0.0
        self._aside, self._evaluation_began = ExitStack(), 0.0

    def begin(self, step: int) -> None:
        self._progress.begin(step)

    def evaluating(self, epoch: int, done: int, total: int) -> None:
        if done == 0:
            self._evaluation_began = time.monotonic()
            self._aside.enter_context(self._progress.aside())
        else:
            self._progress.show(f"evaluating after epoch {epoch}", done, total)

    def line(self, line: Line) -> None:
        if isinstance(line, EvaluationLine) and line.evaluation is not None:
            self._aside.close()
            self._error = line.evaluation.top1_error
            took = time.monotonic() - self._evaluation_began
            self._progress.note(f"epoch {line.epoch}, step {line.step}: {line.evaluation} ({took:.1f}s)")
        elif isinstance(line, StepLine):
            self._losses.append(line.loss)
            if line.top1_error is not None:
                self._errors.append(line.top1_error)

    def step(self, line: StepLine, images: int) -> None:
        seconds = images / max(line.images_per_second, 1e-9)
        self._images += images
        self._seconds += seconds
        self._waited += line.data_wait
        self._all_steps += 1
        self._all_images += images
        self._all_seconds += seconds
        self._all_waited += line.data_wait
        epochs = -(-self._stop // self._per_epoch)
        label = f"epoch {line.epoch}/{epochs}  step"
        if self._progress.show(label, line.step, self._stop, self._details(line)):
            self._losses, self._errors = self._losses[-1:], self._errors[-1:]
            self._images, self._seconds, self._waited = 0, 0.0, 0.0

    def _details(self, line: StepLine) -> str:
        losses, errors = self._losses, self._errors
        parts = [
            f"loss {decimal(sum(losses) / len(losses))}" if losses else "",
            f"error {sum(errors) / len(errors):.1%}" if errors else "",
            f"test error {self._error:.1%}" if self._error is not None else "",
            f"{self._images / self._seconds:,.0f} images/s",
            f"data wait {self._waited / self._seconds:.1%}",
            f"lr {line.learning_rate:g}",
        ]
        return "  ".join(part for part in parts if part)

    def summary(self) -> str | None:
        """What the steps took, evaluations and saves aside; None if there were none."""
        if not self._all_steps:
            return None
        speed, waited = self._all_images / self._all_seconds, self._all_waited / self._all_seconds
        took = f"{plural(self._all_steps, 'step')} in {duration(self._all_seconds)}"
        return f"{took}: {speed:,.0f} images/s, {waited:.1%} of the time waiting for data"
