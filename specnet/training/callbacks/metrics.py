"""The lines of `metrics.jsonl`, on the disk before the checkpoint that they lead up to."""

from __future__ import annotations

from contextlib import suppress

from specnet.diagnostics.errors import RunError
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.metrics import MetricsFile
from specnet.runs.records import Line
from specnet.storage.folder import Folder
from specnet.training.callbacks.callback import Callback


class Metrics(Callback):
    """Writes down every line. It comes before `Checkpoints`: a run goes on from one with its lines."""

    def __init__(self, folder: Folder) -> None:
        self._file = MetricsFile(folder)

    def line(self, line: Line) -> None:
        self._file.append(line)

    def save(self, checkpoint: Checkpoint) -> None:
        self._file.sync()

    def close(self) -> None:
        with suppress(RunError):  # what a run goes on from is on the disk
            self._file.close()
