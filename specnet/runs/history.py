"""What `metrics.jsonl` tells, in a form that can be drawn and does not grow with the length of the run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from specnet.runs.records import EvaluationLine, Line, StepLine, StopLine

LIMIT = 2048
"""Points of a series: more than a picture has columns."""
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
    top5_error: float | None
    """None where it was not measured."""


@dataclass
class History:
    """A run so far."""

    loss: Series = field(default_factory=Series)
    error: Series = field(default_factory=Series)
    """The top-1 errors of the training batches, where they are told."""
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

    def add(self, line: Line) -> None:
        """Take up a line of `metrics.jsonl`. One of a kind that is not known tells nothing."""
        if isinstance(line, EvaluationLine) and line.evaluation is not None:
            told = line.evaluation
            top5 = None if told.top5_error is None else _drawable(told.top5_error)
            self.evaluations.append(
                Measured(line.step, _drawable(told.loss), _drawable(told.top1_error), top5)
            )
        elif isinstance(line, StepLine):
            if line.epoch > self.epoch > 0 and self.per_epoch is None:
                self.per_epoch = (line.step - 1) // (line.epoch - 1)
            self.loss.add(line.step, _drawable(line.loss))
            if line.top1_error is not None:
                self.error.add(line.step, _drawable(line.top1_error))
            self.learning_rate.add(line.step, _drawable(line.learning_rate))
            speed = _drawable(line.images_per_second)
            self.seconds += self._images(line.step) / max(speed, 1e-9) if speed == speed else 0.0
        elif not isinstance(line, StopLine):
            return
        self.step, self.epoch = line.step, line.epoch

    def _images(self, step: int) -> int:
        """How many images a step had: the last batch of an epoch may be smaller."""
        if self.train_images is None:
            return self.batch_size
        per_epoch = -(-self.train_images // self.batch_size)
        before = (step - 1) % per_epoch * self.batch_size
        return min(self.batch_size, self.train_images - before)


def _drawable(value: float) -> float:
    """A number; one that is infinite or nearly so is not a number."""
    return value if abs(value) <= DRAWABLE else math.nan


def gather(lines: Iterable[Line], batch_size: int = 1, train_images: int | None = None) -> History:
    """The history that these lines tell."""
    history = History(batch_size=batch_size, train_images=train_images)
    for line in lines:
        history.add(line)
    return history
