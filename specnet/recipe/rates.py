"""Learning rates, decays and longest weights that some of a network's parameters have of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from specnet.recipe import patterns
from specnet.recipe.patterns import SomePatterns
from specnet.schema.fields import NameList, NonNegative, Positive
from specnet.schema.strict import Strict, schema_error


class Settings(NamedTuple):
    """What an optimizer does to one parameter. `learning_rate` is where its schedule starts, `base` where
    that of all others does; no unit's weights get longer than `max_norm`."""

    learning_rate: float
    base: float
    weight_decay: float
    max_norm: float | None = None

    def bounding(self, role: str, shape: tuple[int, ...]) -> Self:
        """The same for a parameter of that role and shape, which may have no weights of a unit to bound."""
        return self if bounds(role, shape) else self._replace(max_norm=None)

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


def bounds(role: str, shape: tuple[int, ...]) -> bool:
    """Whether a parameter has several weights for each unit, whose norm can be bounded."""
    return len(shape) > 1 and role != "bias"


SETTINGS = ("learning_rate", "weight_decay", "max_norm")
"""What an entry of `rates` may say."""


class LayerRates(Strict):
    """What the update rule does otherwise for some layers, or for some roles of parameters, or both.

    With `max_norm`, the weights of each unit, those with one index in a parameter's first size, are
    multiplied by max_norm / max(norm, max_norm) after every step (Srivastava et al. 2014, section 5.1).
    Biases, and parameters of one size, such as the gains of batch_norm, have none and are left alone.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"anyOf": [{"required": ["layers"]}, {"required": ["role"]}]},
                {"anyOf": [{"required": [key]} for key in SETTINGS]},
            ]
        }
    )

    layers: Annotated[
        SomePatterns | None,
        Field(description="The layers by name or pattern, as in conv*; all if left out."),
    ] = None
    role: Annotated[
        NameList | None, Field(description="The roles of parameters: weight, bias; all if left out.")
    ] = None
    learning_rate: Annotated[
        NonNegative | None, Field(description="The rate that the schedule starts from, for these.")
    ] = None
    weight_decay: Annotated[NonNegative | None, Field(description="Pull of each of these towards 0.")] = None
    max_norm: Annotated[
        Positive | None,
        Field(description="Longest vector of the weights of one unit; any length if left out."),
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.layers is None and self.role is None:
            hint = "name layers, role or both; for all parameters say it in the optimizer itself"
            raise schema_error("range", "an entry of rates says which parameters it is for", hint)
        if all(getattr(self, key) is None for key in SETTINGS):
            hint = "name learning_rate, weight_decay or max_norm"
            raise schema_error("range", "an entry of rates says what is otherwise", hint)
        return self

    def fits(self, layer: str, role: str) -> bool:
        """Whether it is for the parameters with that role of a layer."""
        if self.role is not None and role not in self.role:
            return False
        return self.layers is None or any(patterns.fits(pattern, layer) for pattern in self.layers)


def in_turn(biases: Biases | None, rates: Sequence[LayerRates] | None) -> Iterator[LayerRates]:
    """Everything that is said of some parameters, each with more say than those before it: `biases`, then the
    entries of `rates` in order."""
    if biases is not None:
        yield LayerRates(role=("bias",), learning_rate=biases.learning_rate, weight_decay=biases.weight_decay)
    yield from rates or ()
