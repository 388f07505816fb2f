"""The learning rate as a pure function of the step and of the errors measured so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from specnet.schema.fields import Count, NonNegative, shown
from specnet.schema.strict import Strict, schema_error


class Schedule(Strict):
    """Base of all schedule kinds, which are registered in the entry-point group `specnet.schedules`."""

    kind: str

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        """The rate of the update after `step` updates, in epoch `epoch` (from 0), that starts from `base`.

        `errors` are the top-1 errors at the end of each epoch so far.
        """
        raise NotImplementedError


class ConstantRate(Schedule):
    """The learning rate never changes."""

    kind: Literal["constant"] = "constant"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        return base


class Plateau(Schedule):
    """Multiply the learning rate by `factor` when the top-1 error has not improved for `patience` epochs.

    At most `times` times; the paper divides by 10 three times, by hand.
    """

    kind: Literal["plateau"] = "plateau"
    factor: Annotated[float, Field(gt=0, lt=1, description="What the rate is multiplied by.")]
    times: Annotated[Count, Field(description="How often at most.")]
    patience: Annotated[Count, Field(description="Epochs without improvement before it happens.")] = 5

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        return base * self.factor ** self.drops(errors)

    def drops(self, errors: Sequence[float]) -> int:
        """How often the rate has dropped: each time the best error was `patience` epochs old."""
        count, best, waited = 0, float("inf"), 0
        for error in errors:
            waited = 0 if error < best else waited + 1
            best = min(best, error)
            if waited >= self.patience and count < self.times:
                count, waited = count + 1, 0
        return count


class Steps(Schedule):
    """Multiply the learning rate by `factor` after every `every` epochs (or steps)."""

    kind: Literal["step"] = "step"
    factor: Annotated[float, Field(gt=0, le=1, description="What the rate is multiplied by.")]
    every: Annotated[Count, Field(description="How many epochs or steps lie between two changes.")]
    unit: Annotated[Literal["epoch", "step"], Field(description="What `every` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = step if self.unit == "step" else epoch
        return base * self.factor ** (passed // self.every)


class Multistep(Schedule):
    """Multiply the learning rate by `factor` at each of the epochs (or steps) in `at`."""

    kind: Literal["multistep"] = "multistep"
    factor: Annotated[float, Field(gt=0, le=1, description="What the rate is multiplied by.")]
    at: Annotated[
        list[Count],
        Field(min_length=1, description="How many epochs or steps have passed when it happens; increasing."),
    ]
    unit: Annotated[Literal["epoch", "step"], Field(description="What `at` counts.")] = "epoch"

    @field_validator("at")
    @classmethod
    def _increasing(cls, at: list[int]) -> list[int]:
        if any(later <= earlier for earlier, later in pairwise(at)):
            hint = f"for example {sorted(set(at))}"
            raise schema_error("range", f"each entry is larger than the one before, got {shown(at)}", hint)
        return at

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = step if self.unit == "step" else epoch
        return base * self.factor ** sum(passed >= boundary for boundary in self.at)


class InverseTime(Schedule):
    """learning_rate / (1 + decay * passed / every), `passed` counting steps (or epochs).

    TensorFlow 1's `tf.train.inverse_time_decay`; with `every: 1`, the `decay` of Keras's old optimizers. With
    `staircase`, passed / every is rounded down.
    """

    kind: Literal["inverse_time"] = "inverse_time"
    decay: Annotated[NonNegative, Field(description="What the denominator grows by after every `every`.")]
    every: Annotated[Count, Field(description="How many steps or epochs the denominator takes for it.")] = 1
    staircase: Annotated[
        bool, Field(description="Whether the rate changes only after each `every`, not all the time.")
    ] = False
    unit: Annotated[Literal["epoch", "step"], Field(description="What `every` counts.")] = "step"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = step if self.unit == "step" else epoch
        turns = passed // self.every if self.staircase else passed / self.every
        return base / (1 + self.decay * turns)


class Cosine(Schedule):
    """From the learning rate down to `factor` times it along half a cosine, over `over` epochs (or steps).

    learning_rate * (factor + (1 - factor) * (1 + cos(pi * passed / over)) / 2), from then on the last rate
    (Loshchilov and Hutter 2017, equation 5, without restarts).
    """

    kind: Literal["cosine"] = "cosine"
    over: Annotated[Count, Field(description="How many epochs or steps it takes.")]
    factor: Annotated[
        float, Field(ge=0, lt=1, description="What the rate is multiplied by in the end; 0 if left out.")
    ] = 0.0
    unit: Annotated[Literal["epoch", "step"], Field(description="What `over` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = min(step if self.unit == "step" else epoch, self.over)
        left = (1 + math.cos(math.pi * passed / self.over)) / 2
        return base * (self.factor + (1 - self.factor) * left)
