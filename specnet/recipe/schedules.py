"""The learning rate as a pure function of the step and of the errors measured so far.

A schedule counts steps or epochs, from 0 at its beginning: where the training begins, or its warmup ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from specnet.schema.fields import Count, NonNegative, Positive, shown
from specnet.schema.strict import Strict, schema_error

Unit = Literal["epoch", "step"]


class Warmup(Strict):
    """The learning rate rises by equal parts, from `from` times the optimizer's rate to all of it:
    learning_rate * (from + (1 - from) * passed / over) while passed < over (Goyal et al. 2017, section 2.2;
    `torch.optim.lr_scheduler.LinearLR`)."""

    over: Annotated[Count, Field(description="How many epochs or steps it takes.")]
    unit: Annotated[Unit, Field(description="What `over` counts.")] = "epoch"
    from_: Annotated[
        float, Field(alias="from", gt=0, lt=1, description="What the rate is multiplied by in the beginning.")
    ]


class Schedule(Strict):
    """Base of all schedule kinds, which are registered in the entry-point group `specnet.schedules`.

    Any of them may begin with a warmup. The schedule itself begins when that has ended, as in
    `torch.optim.lr_scheduler.SequentialLR`.
    """

    kind: str
    warmup: Annotated[
        Warmup | None, Field(description="A rise of the rate before the schedule begins; none if left out.")
    ] = None

    counts: ClassVar[Unit | None] = None
    """What it counts, if that is not said by a field `unit`; None for a schedule that counts nothing."""

    @model_serializer(mode="wrap")
    def _warmup_last(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        return {key: written[key] for key in sorted(written, key="warmup".__eq__)}

    @model_validator(mode="after")
    def _counts_alike(self) -> Self:
        """The two clocks are one: where in an epoch a step falls is not known here."""
        own = getattr(self, "unit", self.counts)
        if self.warmup is not None and own is not None and own != self.warmup.unit:
            counted = f"a warmup that counts {self.warmup.unit}s"
            message = f"{counted} cannot go before a schedule that counts {own}s"
            raise schema_error("range", message, f"write warmup: {{unit: {own}, ...}}", at="warmup")
        return self

    def warmed(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        """The rate of the update after `step` updates of the training, in its epoch `epoch` (from 0)."""
        first = self.warmup
        if first is None:
            return self.rate(base, step, epoch, errors)
        passed = _passed(first.unit, step, epoch)
        if passed < first.over:
            return base * (first.from_ + (1 - first.from_) * passed / first.over)
        if first.unit == "step":
            return self.rate(base, step - first.over, epoch, errors)
        return self.rate(base, step, epoch - first.over, errors[first.over :])

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        """The rate of the update after `step` updates, in epoch `epoch` (from 0), that starts from `base`.

        `errors` are the top-1 errors at the end of each epoch so far. After a warmup, whichever of `step` and
        `epoch` it counts is counted from its end, and so are the errors if it counts epochs.
        """
        raise NotImplementedError


def _passed(unit: Unit, step: int, epoch: int) -> int:
    return step if unit == "step" else epoch


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
    counts = "epoch"
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
    unit: Annotated[Unit, Field(description="What `every` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = _passed(self.unit, step, epoch)
        return base * self.factor ** (passed // self.every)


class Multistep(Schedule):
    """Multiply the learning rate by `factor` at each of the epochs (or steps) in `at`."""

    kind: Literal["multistep"] = "multistep"
    factor: Annotated[float, Field(gt=0, le=1, description="What the rate is multiplied by.")]
    at: Annotated[
        list[Count],
        Field(min_length=1, description="How many epochs or steps have passed when it happens; increasing."),
    ]
    unit: Annotated[Unit, Field(description="What `at` counts.")] = "epoch"

    @field_validator("at")
    @classmethod
    def _increasing(cls, at: list[int]) -> list[int]:
        if any(later <= earlier for earlier, later in pairwise(at)):
            hint = f"for example {sorted(set(at))}"
            raise schema_error("range", f"each entry is larger than the one before, got {shown(at)}", hint)
        return at

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = _passed(self.unit, step, epoch)
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
    unit: Annotated[Unit, Field(description="What `every` counts.")] = "step"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = _passed(self.unit, step, epoch)
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
    unit: Annotated[Unit, Field(description="What `over` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        passed = min(_passed(self.unit, step, epoch), self.over)
        left = (1 + math.cos(math.pi * passed / self.over)) / 2
        return base * (self.factor + (1 - self.factor) * left)


class Polynomial(Schedule):
    """From the learning rate down to `factor` times it along a power of what is left of `over` epochs (or
    steps).

    learning_rate * (factor + (1 - factor) * (1 - passed / over) ^ power), from then on the last rate (Caffe's
    `poly`, `torch.optim.lr_scheduler.PolynomialLR` for a factor of 0, Keras's `PolynomialDecay`).
    """

    kind: Literal["polynomial"] = "polynomial"
    power: Annotated[Positive, Field(description="The power; 1 is a straight line.")]
    over: Annotated[Count, Field(description="How many epochs or steps it takes.")]
    factor: Annotated[
        float, Field(ge=0, lt=1, description="What the rate is multiplied by in the end; 0 if left out.")
    ] = 0.0
    unit: Annotated[Unit, Field(description="What `over` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        left = 1 - min(_passed(self.unit, step, epoch), self.over) / self.over
        height: float = left**self.power
        return base * (self.factor + (1 - self.factor) * height)


class Linear(Schedule):
    """From the learning rate down to `factor` times it in equal parts, over `over` epochs (or steps).

    learning_rate * (factor + (1 - factor) * (1 - passed / over)), from then on the last rate
    (`torch.optim.lr_scheduler.LinearLR` from 1 to `factor`).
    """

    kind: Literal["linear"] = "linear"
    over: Annotated[Count, Field(description="How many epochs or steps it takes.")]
    factor: Annotated[
        float, Field(ge=0, lt=1, description="What the rate is multiplied by in the end; 0 if left out.")
    ] = 0.0
    unit: Annotated[Unit, Field(description="What `over` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        left = 1 - min(_passed(self.unit, step, epoch), self.over) / self.over
        return base * (self.factor + (1 - self.factor) * left)


class Exponential(Schedule):
    """learning_rate * factor ^ (passed / every): multiplied by `factor` over `every` epochs (or steps), a
    little in each of them (`torch.optim.lr_scheduler.ExponentialLR` for an `every` of 1, Keras's
    `ExponentialDecay`). The kind `step` does it all at once."""

    kind: Literal["exponential"] = "exponential"
    factor: Annotated[float, Field(gt=0, le=1, description="What the rate is multiplied by.")]
    every: Annotated[Count, Field(description="How many epochs or steps that takes.")] = 1
    unit: Annotated[Unit, Field(description="What `every` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        height: float = self.factor ** (_passed(self.unit, step, epoch) / self.every)
        return base * height


class Inv(Schedule):
    """learning_rate * (1 + gamma * passed) ^ -power, `passed` counting steps (or epochs): Caffe's policy
    `inv`."""

    kind: Literal["inv"] = "inv"
    gamma: Annotated[NonNegative, Field(description="What the base grows by in each step or epoch.")]
    power: Annotated[NonNegative, Field(description="The power of the base that the rate is divided by.")]
    unit: Annotated[Unit, Field(description="What is counted.")] = "step"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        height: float = (1 + self.gamma * _passed(self.unit, step, epoch)) ** -self.power
        return base * height
