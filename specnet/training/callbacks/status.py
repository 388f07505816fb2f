"""The line that says how training goes: averages over the steps since it was last drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.runs.history import History
from specnet.terminal.progress import Progress
from specnet.text import decimal, duration, plural


class Status:
    """Follows a run whose `history` is given, on its way to step `stop`."""

    def __init__(self, progress: Progress, history: History, per_epoch: int, stop: int) -> None:
        self._progress, self._per_epoch, self._stop = progress, per_epoch, stop
        self._error = history.evaluations[-1].top1_error if history.evaluations else None
        self._losses: list[float] = []
        self._images, self._seconds, self._waited = 0, 0.0, 0.0
        self._all_steps, self._all_images, self._all_seconds, self._all_waited = 0, 0, 0.0, 0.0

    def recorded(self, line: Mapping[str, Any]) -> None:
        """A line has been added to the metrics."""
        if "evaluation" in line:
            self._error = line["evaluation"]["top1_error"]
        elif "loss" in line:
            self._losses.append(line["loss"])

    def saved(self, _: object) -> None:
        """A checkpoint has been written."""

    def step(self, entry: Mapping[str, Any], images: int) -> None:
        """A step has been done. Its loss may come later, in `recorded`."""
        seconds = images / max(entry["images_per_second"], 1e-9)
        self._images += images
        self._seconds += seconds
        self._waited += entry["data_wait"]
        self._all_steps += 1
        self._all_images += images
        self._all_seconds += seconds
        self._all_waited += entry["data_wait"]
        epochs = -(-self._stop // self._per_epoch)
        label = f"epoch {entry['epoch']}/{epochs}  step"
        if self._progress.show(label, entry["step"], self._stop, self._details(entry)):
            self._losses = self._losses[-1:]
            self._images, self._seconds, self._waited = 0, 0.0, 0.0

    def _details(self, entry: Mapping[str, Any]) -> str:
        losses = self._losses
        parts = [
            f"loss {decimal(sum(losses) / len(losses))}" if losses else "",
            f"test error {self._error:.1%}" if self._error is not None else "",
            f"{self._images / self._seconds:,.0f} images/s",
            f"data wait {self._waited / self._seconds:.1%}",
            f"lr {entry['learning_rate']:g}",
        ]
        return "  ".join(part for part in parts if part)

    def summary(self) -> str | None:
        """What the steps took, evaluations and saves aside; None if there were none."""
        if not self._all_steps:
            return None
        speed, waited = self._all_images / self._all_seconds, self._all_waited / self._all_seconds
        took = f"{plural(self._all_steps, 'step')} in {duration(self._all_seconds)}"
        return f"{took}: {speed:,.0f} images/s, {waited:.1%} of the time waiting for data"
