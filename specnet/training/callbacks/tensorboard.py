"""The metrics, and pictures of kernels, for TensorBoard."""

from __future__ import annotations

import struct
from collections.abc import Callable

from specnet.runs import metrics, tensorboard
from specnet.runs.history import DRAWABLE
from specnet.runs.records import EvaluationLine, Line, StepLine
from specnet.storage.folder import Folder
from specnet.training.callbacks.attempts import Attempts
from specnet.training.callbacks.callback import Callback

FOLDER = "events"


class TensorBoard(Callback):
    """Writes the event files of a run that goes on after `step`."""

    def __init__(self, folder: Folder, step: int, note: Callable[[str], None]) -> None:
        self._folder = folder
        self._attempt = Attempts(folder.path, (FOLDER,), note)
        self._events: tensorboard.EventFile | None = None
        self._attempt(FOLDER, lambda: self._open(step))

    def line(self, line: Line) -> None:
        self._attempt(FOLDER, lambda: self._add(line))

    def picture(self, step: int, tag: str, png: bytes) -> None:
        """Add the picture of a PNG file."""
        width, height = struct.unpack(">II", png[16:24])
        self._attempt(FOLDER, lambda: self._file().picture(step, tag, png, width, height))

    def close(self) -> None:
        if self._events is not None:
            self._attempt(FOLDER, self._events.close)

    def _file(self) -> tensorboard.EventFile:
        assert self._events is not None, "it was opened, or nothing is attempted any more"
        return self._events

    def _open(self, step: int) -> None:
        folder = self._folder.make_folder(FOLDER)
        reached = tensorboard.last_step(folder.path)
        # From where the files end, or are void, they are told again what the metrics hold.
        start = 0 if reached is None else min(reached, step)
        with folder:
            self._events = tensorboard.EventFile(folder, start)
        for line in metrics.lines(self._folder.path / metrics.NAME):
            if line.step >= start:
                self._add(line)

    def _add(self, line: Line) -> None:
        numbers = {tag: value for tag, value in _scalars(line).items() if abs(value) < DRAWABLE}
        if numbers:
            self._file().scalars(line.step, numbers)


def _scalars(line: Line) -> dict[str, float]:
    """The numbers of a line by their tags, such as `train/loss`."""
    if isinstance(line, EvaluationLine) and line.evaluation is not None:
        part, values = "test", line.evaluation.as_json()
    elif isinstance(line, StepLine):
        part, values = "train", line.as_json()
    else:
        return {}
    return {f"{part}/{name}": value for name, value in values.items() if name not in ("step", "epoch")}
