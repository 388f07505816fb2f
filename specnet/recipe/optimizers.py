"""How a gradient changes the weights.

In all formulas w is a parameter, g its gradient, and rate and decay are those of the parameter at the step;
all is done for each number by itself.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from specnet.recipe.rates import SETTINGS, Biases, LayerRates, Settings, in_turn
from specnet.schema.fields import NonNegative, Positive, is_number, shown
from specnet.schema.strict import Strict, behind, schema_error

Fraction = Annotated[float, Field(ge=0, lt=1)]
"""A part that stays from step to step."""


class Optimizer(Strict):
    """Base of all optimizer kinds, which are registered in the entry-point group `specnet.optimizers`.

    What they have in common: a rate and a decay for each parameter, and the length that gradients
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
    rates: Annotated[
        list[LayerRates] | None,
        Field(min_length=1, description="Rates and decays by layer and role; the last that fits holds."),
    ] = None
    clip_norm: Annotated[
        Positive | None, Field(description="Longest gradient of all parameters; any length if left out.")
    ] = None

    slots: ClassVar[tuple[str, ...]] = ()
    """Names of what it may keep for each parameter from step to step: arrays of the parameter's shape, all
    zero before the first step."""

    counts: ClassVar[tuple[str, ...]] = ()
    """Those slots that hold one number for each parameter instead, always in float64: how many steps it has
    seen, say."""

    @model_serializer(mode="wrap")
    def _own_options_first(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The options that a kind adds stand after the rate, those that all have at the end."""
        return behind(handler(self), "weight_decay", "biases", "rates", "clip_norm")

    @property
    def kept(self) -> tuple[str, ...]:
        """The slots that it keeps with these options: all of them, unless a kind says otherwise."""
        return self.slots

    def settings(self, layer: str, role: str) -> Settings:
        """What it does to the parameters with a role of a layer. Of two entries that say the same thing of
        them, the later one holds."""
        said: dict[str, Any] = {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        for entry in in_turn(self.biases, self.rates):
            if entry.fits(layer, role):
                said.update({key: v for key in SETTINGS if (v := getattr(entry, key)) is not None})
        return Settings(base=self.learning_rate, **said)


def _form(value: Any) -> Any:
    """Where the rate stands. A number is meant as the rate itself."""
    if is_number(value):
        hint = "the rate itself is 'learning_rate'; 'rate' says whether the velocity holds it"
        raise schema_error("enum", f"expected inside or outside, got {shown(value)}", hint)
    return value


class SGD(Optimizer):
    """Gradient descent with momentum, with G = g + decay * w.

    `rate: inside`: v <- momentum * v - rate * G; w <- w + v (Krizhevsky et al. 2012, section 5; Caffe and
    Keras). `rate: outside`: v <- momentum * v + G; w <- w - rate * v (`torch.optim.SGD`). The two differ once
    the rate changes.

    With `nesterov` the step goes on along the new v: w <- w + momentum * v - rate * G inside, and
    w <- w - rate * (G + momentum * v) outside (Sutskever et al. 2013, in the form of Bengio et al. 2013,
    equations 6 and 7; `nesterov=True` of Keras and of PyTorch). w is where the gradient is taken.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {
                "properties": {"nesterov": {"const": True, "description": "Needs a momentum."}},
                "required": ["nesterov"],
            },
            "then": {
                "properties": {"momentum": {"exclusiveMinimum": 0, "description": "Above 0 with nesterov."}},
                "required": ["momentum"],
            },
        }
    )

    kind: Literal["sgd"] = "sgd"
    momentum: Annotated[Fraction, Field(description="Fraction of the velocity that stays.")] = 0.0
    nesterov: Annotated[bool, Field(description="Go on along the new velocity, as Nesterov does.")] = False
    rate: Annotated[
        Literal["inside", "outside"],
        BeforeValidator(_form),
        Field(description="Whether the velocity holds the learning rate, or is multiplied by it."),
    ] = "inside"

    slots = ("velocity", "gradients")

    @property
    def kept(self) -> tuple[str, ...]:
        """Velocities of the two forms have other units and signs, and so other names."""
        return ("velocity",) if self.rate == "inside" else ("gradients",)

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            hint = "for example momentum: 0.9; without it nesterov changes nothing"
            raise schema_error("range", "it needs a momentum above 0", hint, at="nesterov")
        return self
