"""`newbob`: a learning rate that falls once the error stops falling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from specnet.recipe.schedules import Schedule


class NewBob(Schedule):
    """Constant until an epoch lowers the top-1 error by less than `least`; from then on `factor` times as
    high in each epoch as in the one before (QuickNet, 1996)."""

    kind: Literal["newbob"] = "newbob"
    factor: Annotated[float, Field(gt=0, lt=1, description="What the rate is multiplied by.")] = 0.5
    least: Annotated[float, Field(ge=0, lt=1, description="The gain that is worth another epoch.")] = 0.005

    def rate(self, base: float, step: int, epoch: int, errors: Sequence[float]) -> float:
        gains = [before - after for before, after in pairwise(errors)]
        first = next((index for index, gain in enumerate(gains) if gain < self.least), len(gains))
        return base * self.factor ** (len(gains) - first)
