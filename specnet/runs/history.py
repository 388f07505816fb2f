"""What `metrics.jsonl` tells, in a form that can be drawn and does not grow with the length of the run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from specnet.diagnostics.errors import RunError
from specnet.storage import reading

LIMIT = 2048
"""Points of a series: more than a picture has columns."""
LARGEST = 10**15
"""A step that no run reaches."""
DRAWABLE = 1e100
"""Larger numbers are drawn as little as infinite ones are."""


class Point(NamedTuple):
    """The mean, least and largest value of the steps up to `step`."""

    step: int
    mean: float
    low: float
    high: float


class Series:
    """Values by step. When there are too many points, each two that follow one another become one."""

    def __init__(self) -> None:
        self._points: list[Point] = []
        self._width = 1
        self._open: list[float] = []
        self._last = 0

    def add(self, step: int, value: float) -> None:
        self._open.append(value)
        self._last = step
        if len(self._open) == self._width:
            self._points.append(_point(step, self._open))
            self._open = []
        if len(self._points) == LIMIT:
            self._points = [_joined(*self._points[i : i + 2]) for i in range(0, LIMIT, 2)]
            self._width *= 2

    @property
    def points(self) -> list[Point]:
        rest = [_point(self._last, self._open)] if self._open else []
        return self._points + rest


def _point(step: int, values: list[float]) -> Point:
    return Point(step, math.fsum(values) / len(values), min(values), max(values))


def _joined(first: Point, second: Point) -> Point:
    low, high = min(first.low, second.low), max(first.high, second.high)
    return Point(second.step, (first.mean + second.mean) / 2, low, high)


class Measured(NamedTuple):
    """One evaluation on the test images."""

    step: int
    loss: float
    top1_error: float
    top5_error: float


@dataclass
class History:
    """A run so far."""

    loss: Series = field(default_factory=Series)
    learning_rate: Series = field(default_factory=Series)
    evaluations: list[Measured] = field(default_factory=list)
    step: int = 0
    epoch: int = 0
    per_epoch: int | None = None
    """Steps of an epoch, once one is over."""
    seconds: float = 0.0
    """Time that the steps took; evaluations are not in it. Right if `batch_size` and `train_images` are."""
    batch_size: int = 1
    train_images: int | None = None

    def add(self, line: Mapping[str, Any]) -> None:
        """Take up a line of `metrics.jsonl`. One that is neither a step nor an evaluation tells nothing."""
        step, epoch = int(line["step"]), int(line["epoch"])
        if "evaluation" in line:
            found = line["evaluation"]
            names = ("loss", "top1_error", "top5_error")
            self.evaluations.append(Measured(step, *(_drawable(found[name]) for name in names)))
        elif "loss" in line:
            if epoch > self.epoch > 0 and self.per_epoch is None:
                self.per_epoch = (step - 1) // (epoch - 1)
            loss, rate = _drawable(line["loss"]), _drawable(line["learning_rate"])
            speed = _drawable(line["images_per_second"])
            self.loss.add(step, loss)
            self.learning_rate.add(step, rate)
            self.seconds += self._images(step) / max(speed, 1e-9) if speed == speed else 0.0
        self.step, self.epoch = step, epoch

    def _images(self, step: int) -> int:
        """How many images a step had: the last batch of an epoch may be smaller."""
        if self.train_images is None:
            return self.batch_size
        per_epoch = -(-self.train_images // self.batch_size)
        before = (step - 1) % per_epoch * self.batch_size
        return min(self.batch_size, self.train_images - before)


def _drawable(value: Any) -> float:
    """A number; one that is infinite or nearly so is not a number."""
    if not isinstance(value, int | float):
        raise TypeError(value)
    return float(value) if abs(value) <= DRAWABLE else math.nan


def gather(
    lines: Iterable[Mapping[str, Any]], batch_size: int = 1, train_images: int | None = None
) -> History:
    """The history that these lines tell. Lines that are not what they should be are passed over."""
    history = History(batch_size=batch_size, train_images=train_images)
    for line in lines:
        try:
            history.add(line)
        except (KeyError, TypeError, ValueError):
            continue
    return history


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a `metrics.jsonl` that are whole; none if it is not there."""
    try:
        for text in reading.lines(path):
            line = parsed(text)
            if line is not None:
                yield line
    except FileNotFoundError:
        return
    except (OSError, reading.Unfit) as error:
        raise RunError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def parsed(text: bytes) -> dict[str, Any] | None:
    """A line with a step and an epoch, as a trainer writes it; None for anything else."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    counts = (line.get("step"), line.get("epoch", 0))
    return line if all(type(count) is int and 0 <= count < LARGEST for count in counts) else None
