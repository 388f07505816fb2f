"""The learning rate over a training, as far as it is known before the training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from specnet.recipe.schedules import ConstantRate, Schedule
from specnet.recipe.training import Training

POINTS = 64
"""Points of a curve in JSON."""
Point = tuple[float, float]
"""Epochs that have passed, and the learning rate of the step that follows."""


class NotMeasuredError(Exception):
    """A schedule has asked for an error that only a training can tell."""


class Unmeasured(Sequence[float]):
    """The errors at the ends of so many epochs: how many is known, and none of them."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Unmeasured: ...
    def __getitem__(self, index: int | slice) -> float | Unmeasured:
        if isinstance(index, slice):
            return Unmeasured(len(range(*index.indices(self._count))))
        if -self._count <= index < self._count:
            raise NotMeasuredError
        raise IndexError(index)


@dataclass(frozen=True)
class RateCurve:
    """The learning rate of a recipe whose epochs have `per_epoch` steps, or None where that is not known."""

    recipe: Training
    per_epoch: int | None

    @property
    def unknown(self) -> str | None:
        """Why the rate is not known for some of the training; None if it is for all of it."""
        kind = self.recipe.schedule.kind
        if self._is_lost():
            return f"{kind} counts steps, and how many an epoch has is not known"
        if self.at(self.ticks - 1) is None:
            return f"{kind} goes by the errors, which are not known in advance"
        return None

    @property
    def ticks(self) -> int:
        """Steps in all; epochs where steps are not known."""
        return self.recipe.epochs * self.per_tick

    @property
    def per_tick(self) -> int:
        """Ticks in an epoch."""
        return self.per_epoch or 1

    def at(self, tick: int) -> float | None:
        """The rate at a tick, counted from 0; None if it is not known."""
        if self._is_lost():
            return None
        epoch = tick // self.per_tick
        try:
            return self.recipe.learning_rate(tick, epoch, Unmeasured(epoch))
        except NotMeasuredError:
            return None

    def points(self, count: int = POINTS) -> list[Point]:
        """Up to so many points, evenly over the training, and at its last tick; those that are known."""
        ticks = sorted({index * self.ticks // count for index in range(count)} | {self.ticks - 1})
        found = ((tick / self.per_tick, self.at(tick)) for tick in ticks)
        return [(passed, rate) for passed, rate in found if rate is not None]

    def as_json(self) -> dict[str, Any]:
        points = [{"epoch": passed, "rate": rate} for passed, rate in self.points()]
        return {"points": points, "unknown": self.unknown}

    def _is_lost(self) -> bool:
        """Whether it counts steps and nobody knows how many an epoch has."""
        return self.per_epoch is None and _counts_steps(self.recipe.schedule)


def _counts_steps(schedule: Schedule) -> bool:
    """Whether a schedule or its warmup may count steps: one that does not say what it counts may."""
    if schedule.warmup is not None and schedule.warmup.unit == "step":
        return True
    return type(schedule) is not ConstantRate and getattr(schedule, "unit", schedule.counts) != "epoch"
