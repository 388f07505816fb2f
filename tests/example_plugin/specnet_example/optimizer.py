"""`adagrad_steps`: rates that fall where gradients are large, with the mean of their squares."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.recipe.optimizers import Optimizer
from specnet.schema.fields import Positive


class Counted(Optimizer):
    """w <- w - rate * g / (sqrt(mean of all g^2 so far) + epsilon), with g = gradient + weight_decay * w."""

    kind: Literal["adagrad_steps"] = "adagrad_steps"
    epsilon: Annotated[Positive, Field(description="Keeps the quotient finite.")] = 1e-8

    slots = ("squares", "steps")
    counts = ("steps",)
