"""The learning rate as a pure function of the step and of the errors measured so far.

A schedule counts steps or epochs, from 0 at its beginning: where the training begins, or its warmup ends.
"""

from __future__ import annotations

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

from specnet.schema.fields import Count, shown
from specnet.schema.strict import Strict, behind, schema_error

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
        return behind(handler(self), "warmup")

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
        passed = passed_in(first.unit, step, epoch)
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


def passed_in(unit: Unit, step: int, epoch: int) -> int:
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
        passed = passed_in(self.unit, step, epoch)
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
        passed = passed_in(self.unit, step, epoch)
        return base * self.factor ** sum(passed >= boundary for boundary in self.at)
