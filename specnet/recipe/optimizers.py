"""How a gradient changes the weights."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from specnet.schema.fields import NonNegative, Positive
from specnet.schema.strict import Strict, schema_error


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


class Optimizer(Strict):
    """Base of all optimizer kinds, which are registered in the entry-point group `specnet.optimizers`.

    What they have in common: a rate and a decay for each role of parameters, and the length that gradients
    are cut to. With `clip_norm`, the gradient of all parameters together is first multiplied by
    clip_norm / max(norm, clip_norm): the norm's squares are summed in float64, for each parameter and then
    over the parameters in the plan's order. Each backend has one function for a kind, which changes one
    parameter and what is kept for it.
    """

    kind: str
    learning_rate: Annotated[Positive, Field(description="The rate that the schedule starts from.")]
    weight_decay: Annotated[NonNegative, Field(description="Pull of each weight towards 0.")] = 0.0
    biases: Annotated[
        Biases | None, Field(description="Rate and decay of the biases; the same as above if left out.")
    ] = None
    clip_norm: Annotated[
        Positive | None, Field(description="Longest gradient of all parameters; any length if left out.")
    ] = None

    slots: ClassVar[tuple[str, ...]] = ()
    """Names of what it keeps for each parameter from step to step: arrays of the parameter's shape, all zero
    before the first step."""

    counts: ClassVar[tuple[str, ...]] = ()
    """Those slots that hold one number for each parameter instead, always in float64: how many steps it has
    seen, say."""

    @model_serializer(mode="wrap")
    def _own_options_first(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The options that a kind adds stand after the rate, those that all have at the end."""
        written: dict[str, Any] = handler(self)
        common = [key for key in ("weight_decay", "biases", "clip_norm") if key in written]
        return {key: written[key] for key in [*(k for k in written if k not in common), *common]}

    def rate(self, role: str, learning_rate: float) -> float:
        """The rate of the parameters of a role while the schedule has the rate at `learning_rate`."""
        own = self.biases.learning_rate if self.biases and role == "bias" else None
        return learning_rate if own is None else own * (learning_rate / self.learning_rate)

    def decay(self, role: str) -> float:
        """The weight decay of the parameters of a role."""
        own = self.biases.weight_decay if self.biases and role == "bias" else None
        return self.weight_decay if own is None else own


class SGD(Optimizer):
    """v <- momentum * v - learning_rate * (gradient + weight_decay * w); w <- w + v (the paper, section 5).

    The learning rate is inside the velocity, and the decay belongs to the gradient.
    """

    kind: Literal["sgd"] = "sgd"
    momentum: Annotated[float, Field(ge=0, lt=1, description="Fraction of the velocity that stays.")] = 0.0

    slots = ("velocity",)


class Adagrad(Optimizer):
    """s <- s + g^2; w <- w - learning_rate * g / (sqrt(s) + epsilon), for each number by itself, with
    g = gradient + weight_decay * w (Duchi et al. 2011, figure 1, as PyTorch has it)."""

    kind: Literal["adagrad"] = "adagrad"
    epsilon: Annotated[Positive, Field(description="Keeps the quotient finite.")] = 1e-10

    slots = ("squares",)
