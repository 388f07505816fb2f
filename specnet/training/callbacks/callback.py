"""The protocol of what follows a training."""

from __future__ import annotations

from pathlib import Path

from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import Line, RunProgress, StepLine


class Callback:
    """Follows a training; whatever it does not care for, it leaves as it is here.

    The callbacks of a list are told one after another, so that one that writes down what the others rely on
    comes first: metrics, then checkpoints, then what people look at.
    """

    def begin(self, step: int) -> None:
        """Training starts, after that step."""

    def step(self, line: StepLine, images: int) -> None:
        """A step has been done on so many images. Its loss comes later, in `line`."""

    def evaluating(self, epoch: int, done: int, total: int) -> None:
        """So many of the test images have been classified; 0 where it starts."""

    def line(self, line: Line) -> None:
        """There is a new line of the metrics."""

    def wants_checkpoint(self, progress: RunProgress) -> bool:
        """Whether the present state is to be saved. Asked after each step and its evaluation."""
        return False

    def save(self, checkpoint: Checkpoint) -> Path | None:
        """The state is saved: who keeps it returns where."""
        return None

    def close(self) -> None:
        """Training is over, whether it came to its end or not."""
