"""When a run is saved, and where."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import RunProgress
from specnet.runs.run_directory import RunDirectory
from specnet.terminal.signals import saving_on_request
from specnet.training.callbacks.callback import Callback
from specnet.training.options import Interval


class Checkpoints(Callback):
    """Saves in a run: at an interval, when SIGUSR1 asks for it, and when an epoch ends better than ever.

    At the end, and where something stops the training, the trainer saves by itself.
    """

    def __init__(self, run: RunDirectory, interval: Interval, note: Callable[[str], None]) -> None:
        self._run, self._interval, self._note = run, interval, note
        self._signals = ExitStack()
        self._asked_to_save: Callable[[], bool] = bool
        self._asked = False

    def begin(self, step: int) -> None:
        self._interval.restart()
        self._asked_to_save = self._signals.enter_context(saving_on_request())

    def wants_checkpoint(self, progress: RunProgress) -> bool:
        self._asked = self._asked_to_save() and progress.step < progress.stop
        due = self._interval.due(progress.step) and progress.step < progress.stop
        return self._asked or due or is_best(progress)

    def save(self, checkpoint: Checkpoint) -> Path:
        path = self._run.save(checkpoint)
        self._interval.restart()
        if self._asked:
            self._note(f"saved {path}, as SIGUSR1 asked for")
            self._asked = False
        return path

    def close(self) -> None:
        self._signals.close()


def is_best(progress: RunProgress) -> bool:
    """Whether an epoch has just ended that classifies better than all before."""
    *earlier, last = progress.evaluations or (None,)
    if last is None or progress.evaluation != last:
        return False
    return all(last.rank() < evaluation.rank() for evaluation in earlier if evaluation)
