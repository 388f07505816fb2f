"""Schedules that lower the learning rate a little at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from specnet.recipe.schedules import Schedule, Unit, passed_in
from specnet.schema.fields import Count, NonNegative, Positive


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
        passed = passed_in(self.unit, step, epoch)
        turns = passed // self.every if self.staircase else passed / self.every
        return base / (1 + self.decay * turns)


class Falling(Schedule):
    """Base of the schedules that go from the learning rate down to `factor` times it over `over` epochs (or
    steps), and stay there."""

    over: Annotated[Count, Field(description="How many epochs or steps it takes.")]
    factor: Annotated[
        float, Field(ge=0, lt=1, description="What the rate is multiplied by in the end; 0 if left out.")
    ] = 0.0
    unit: Annotated[Unit, Field(description="What `over` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        left = self.left(min(passed_in(self.unit, step, epoch), self.over))
        return base * (self.factor + (1 - self.factor) * left)

    def left(self, passed: int) -> float:
        """The part of the way down that is left, from 1 to 0."""
        raise NotImplementedError


class Cosine(Falling):
    """From the learning rate down to `factor` times it along half a cosine, over `over` epochs (or steps).

    learning_rate * (factor + (1 - factor) * (1 + cos(pi * passed / over)) / 2), from then on the last rate
    (Loshchilov and Hutter 2017, equation 5, without restarts).
    """

    kind: Literal["cosine"] = "cosine"

    def left(self, passed: int) -> float:
        return (1 + math.cos(math.pi * passed / self.over)) / 2


class Polynomial(Falling):
    """From the learning rate down to `factor` times it along a power of what is left of `over` epochs (or
    steps).

    learning_rate * (factor + (1 - factor) * (1 - passed / over) ^ power), from then on the last rate (Caffe's
    `poly`, `torch.optim.lr_scheduler.PolynomialLR` for a factor of 0, Keras's `PolynomialDecay`).
    """

    kind: Literal["polynomial"] = "polynomial"
    power: Annotated[Positive, Field(description="The power; 1 is a straight line.")]

    def left(self, passed: int) -> float:
        left: float = (1 - passed / self.over) ** self.power
        return left


class Linear(Falling):
    """From the learning rate down to `factor` times it in equal parts, over `over` epochs (or steps).

    learning_rate * (factor + (1 - factor) * (1 - passed / over)), from then on the last rate
    (`torch.optim.lr_scheduler.LinearLR` from 1 to `factor`).
    """

    kind: Literal["linear"] = "linear"

    def left(self, passed: int) -> float:
        return 1 - passed / self.over


class Exponential(Schedule):
    """learning_rate * factor ^ (passed / every): multiplied by `factor` over `every` epochs (or steps), a
    little in each of them (`torch.optim.lr_scheduler.ExponentialLR` for an `every` of 1, Keras's
    `ExponentialDecay`). The kind `step` does it all at once."""

    kind: Literal["exponential"] = "exponential"
    factor: Annotated[float, Field(gt=0, le=1, description="What the rate is multiplied by.")]
    every: Annotated[Count, Field(description="How many epochs or steps that takes.")] = 1
    unit: Annotated[Unit, Field(description="What `every` counts.")] = "epoch"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        height: float = self.factor ** (passed_in(self.unit, step, epoch) / self.every)
        return base * height


class Inv(Schedule):
    """learning_rate * (1 + gamma * passed) ^ -power, `passed` counting steps (or epochs): Caffe's policy
    `inv`."""

    kind: Literal["inv"] = "inv"
    gamma: Annotated[NonNegative, Field(description="What the base grows by in each step or epoch.")]
    power: Annotated[NonNegative, Field(description="The power of the base that the rate is divided by.")]
    unit: Annotated[Unit, Field(description="What is counted.")] = "step"

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        height: float = (1 + self.gamma * passed_in(self.unit, step, epoch)) ** -self.power
        return base * height
