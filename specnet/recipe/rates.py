"""Learning rates and decays that some of a network's parameters have of their own."""

from __future__ import annotations

from typing import Annotated, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from specnet.schema.fields import NonNegative
from specnet.schema.strict import Strict, schema_error


class Settings(NamedTuple):
    """What an optimizer does to one parameter. `learning_rate` is where its schedule starts, `base` where
    that of all others does; no unit's weights get longer than `max_norm`."""

    learning_rate: float
    base: float
    weight_decay: float

    def rate(self, scheduled: float) -> float:
        """The parameter's rate while the schedule has the optimizer's at `scheduled`."""
        return scheduled if self.learning_rate == self.base else self.learning_rate * (scheduled / self.base)


class Biases(Strict):
    """What the update rule does otherwise for biases: every parameter whose role is `bias`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    learning_rate: Annotated[
        NonNegative | None, Field(description="The rate that the schedule starts from, for biases.")
    ] = None
    weight_decay: Annotated[NonNegative | None, Field(description="Pull of each bias towards 0.")] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.learning_rate is None and self.weight_decay is None:
            raise schema_error(
                "range", "at least one entry is needed", "name learning_rate, weight_decay or both"
            )
        return self
