"""The learning rate over a training, as far as it is known before the training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from specnet.recipe.schedules import ConstantRate, Schedule
from specnet.recipe.training import Training

POINTS = 64
"""Points of a curve in JSON."""
FURTHEST = 40
"""A schedule is looked at up to the step 2^40."""
Point = tuple[float, float]
"""Epochs or steps that have passed, and the learning rate of the step that follows."""


class NotMeasuredError(Exception):
    """A schedule has asked for an error that only a training can tell."""


class Unmeasured(Sequence[float]):
    """The errors at the ends of so many epochs, none of which is known; nor is how many, if it is None."""

    def __init__(self, count: int | None) -> None:
        self._count = count

    def __len__(self) -> int:
        if self._count is None:
            raise NotMeasuredError
        return self._count

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Unmeasured: ...
    def __getitem__(self, index: int | slice) -> float | Unmeasured:
        if isinstance(index, slice):
            return Unmeasured(len(range(*index.indices(len(self)))))
        if -len(self) <= index < len(self):
            raise NotMeasuredError
        raise IndexError(index)


@dataclass(frozen=True)
class RateCurve:
    """The learning rate of a recipe whose epochs have `per_epoch` steps, or None where that is not known.

    It is laid out by epochs, or, where `first` is given, by steps, of which those are the first.
    """

    recipe: Training
    per_epoch: int | None
    first: int | None = None

    @property
    def unknown(self) -> str | None:
        """Why the rate is not known for some of the training; None if it is for all of it."""
        kind = self.recipe.schedule.kind
        if self.is_lost:
            known = "" if self.first is None else f", these are the first {self.first:,}"
            return f"{kind} counts steps, and how many an epoch has is not known{known}"
        if self.at(self.ticks - 1) is None:
            return f"{kind} goes by the errors, which are not known in advance"
        return None

    @property
    def is_lost(self) -> bool:
        """Whether it counts steps and nobody knows how many an epoch has."""
        return self.per_epoch is None and "step" in _clocks(self.recipe.schedule)

    @property
    def ticks(self) -> int:
        """Steps that are laid out; epochs where it is these."""
        if self.first is not None and self.per_epoch is None:
            return self.first
        return self.recipe.epochs * (self.per_epoch or 1)

    @property
    def per_unit(self) -> int:
        """Ticks in an epoch, if it is laid out by epochs, or in a step."""
        return 1 if self.first is not None else self.per_epoch or 1

    def at(self, tick: int) -> float | None:
        """The rate at a tick, counted from 0; None if it is not known."""
        if self.is_lost and self.first is None:
            return None
        is_epoch_known = self.per_epoch is not None or self.first is None
        epoch = tick // (self.per_epoch or 1) if is_epoch_known else 0
        try:
            return self.recipe.learning_rate(tick, epoch, Unmeasured(epoch if is_epoch_known else None))
        except NotMeasuredError:
            return None

    def points(self, count: int = POINTS) -> list[Point]:
        """Up to so many points, evenly, and at the last tick; those that are known."""
        ticks = sorted({index * self.ticks // count for index in range(count)} | {self.ticks - 1})
        found = ((tick / self.per_unit, self.at(tick)) for tick in ticks)
        return [(passed, rate) for passed, rate in found if rate is not None]

    def as_json(self) -> dict[str, Any]:
        unit = "epoch" if self.first is None else "step"
        points = [{unit: passed, "rate": rate} for passed, rate in self.points()]
        return {"points": points, "unknown": self.unknown}


def laid_out(
    recipes: tuple[Training, Training], per_epoch: tuple[int | None, int | None]
) -> tuple[RateCurve, RateCurve]:
    """The curves of two recipes by epochs; by steps, where one has no place among epochs and both can be."""
    before, after = (RateCurve(*side) for side in zip(recipes, per_epoch, strict=True))
    lost = [curve for curve in (before, after) if curve.is_lost]
    by_epoch = [c for c in (before, after) if c.per_epoch is None and "epoch" in _clocks(c.recipe.schedule)]
    if not lost or by_epoch:
        return before, after
    first = max(_settled(curve.recipe) for curve in lost)
    return replace(before, first=first), replace(after, first=first)


def _clocks(schedule: Schedule) -> set[str | None]:
    """What a schedule and its warmup count; one that does not say it may count both."""
    own = getattr(schedule, "unit", schedule.counts)
    is_said = own is not None or type(schedule) is ConstantRate
    warmup = schedule.warmup.unit if schedule.warmup else None
    return {warmup, *((own,) if is_said else ("epoch", "step"))}


def _settled(recipe: Training) -> int:
    """Steps, a power of two, after which the rate is within a thousandth of the optimizer's of its last."""
    curve = RateCurve(recipe, None, 1)
    rates = [curve.at(2**power) for power in range(FURTHEST + 1)]
    last, within = rates[-1], recipe.optimizer.learning_rate / 1000
    far = [n for n, rate in enumerate(rates) if rate is None or last is None or abs(rate - last) > within]
    return 1 << min(max(far, default=0) + 1, FURTHEST)
