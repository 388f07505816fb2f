"""Layers with parameters, with an activation function of their own, and with weights and biases."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, WithJsonSchema

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import sure
from specnet.layers.base import Layer, LayerError, Shape, Weight
from specnet.layers.functions import ActivationFunction, Function, hint_about_number
from specnet.recipe.initializers import Initializer
from specnet.schema.fields import LARGEST, Sizes, is_number, shown
from specnet.schema.kinds import registered
from specnet.schema.strict import schema_error


class Trainable(Layer):
    """A layer with parameters of its own, which can be kept as they are. Every kind with any is one."""

    trainable: Annotated[
        bool,
        Field(
            description="Whether training changes its parameters; false keeps them as they are, "
            "with a batch_norm at its running statistics."
        ),
    ] = True

    initial_fields = frozenset({"trainable"})

    @classmethod
    def hint_about(cls, key: str) -> str | None:
        return "write trainable: false" if key in ("frozen", "freeze") else super().hint_about(key)

    @property
    def is_frozen(self) -> bool:
        return not self.trainable

    def frozen(self) -> Self:
        return self if self.is_frozen else self.model_copy(update={"trainable": False})


class Activated(Layer):
    """A layer that can apply an activation function to its own output."""

    activation: Annotated[
        Function | None, Field(description="Function applied to the output: its name, or {kind: NAME, ...}.")
    ] = None

    @classmethod
    def hint_about(cls, key: str) -> str | None:
        return hint_about_number(key, "activation") or super().hint_about(key)

    def output_activation(self) -> ActivationFunction | None:
        return self.activation

    def split(self, parts: int) -> Self:
        if self.activation is not None:
            check_activation_split(self.activation, parts, "activation")
        return super().split(parts)


def check_activation_split(function: ActivationFunction, parts: int, field: str) -> None:
    """Some functions, as softmax, need all units at once. Raises `LayerError` where these are spread out."""
    if parts > 1 and function.needs_all_units:
        refuse_split(function.kind, "units", parts, field)


def refuse_split(name: str, what: str, parts: int, field: str) -> NoReturn:
    """Raises the `LayerError` of what needs all channels or units and is split over several groups."""
    message = f"{name} needs all {what} in one place, and this layer is split over {parts} groups"
    hint = "give the layer one group (group: NAME, with cross_group: true if it reads the others)"
    raise LayerError(message, rule=rules.SPLIT_SOFTMAX, field=field, hint=hint)


def number_or_none(hint: str) -> BeforeValidator:
    """Takes a number or the word 'none' and nothing else; the hint says what these mean."""

    def validate(value: Any) -> Any:
        if value == "none" and isinstance(value, str):
            return value
        if is_number(value):
            if abs(value) > LARGEST:
                message = f"a number beyond {LARGEST:,} is out of range, got {shown(value)}"
                raise schema_error("range", message)
            return float(value)
        meant = sure(value, ["none"]) if isinstance(value, str) else None
        raise schema_error("bias", f"expected a number or 'none', got {shown(value)}", hint, meant=meant)

    return BeforeValidator(validate)


NUMBER_OR_NONE = WithJsonSchema(
    {"oneOf": [{"type": "number", "minimum": -LARGEST, "maximum": LARGEST}, {"const": "none"}]}
)

Bias = Annotated[
    float | Literal["none"],
    number_or_none("0 is the default; 'none' means a layer without biases"),
    NUMBER_OR_NONE,
    Field(description="The value the biases start from, or 'none' for a layer without biases."),
]


class Weighted(Trainable, Activated):
    """A layer with weights and biases."""

    bias: Bias = 0.0
    weights: Annotated[
        SerializeAsAny[Initializer] | None,
        registered("specnet.initializers", "initializer", Initializer),
        Field(description="Where the weights start; the recipe's if left out."),
    ] = None
    weight_shape: Annotated[
        Sizes | None,
        Field(
            description="What you expect one group's weights to be, [out, in, ...]; checked, nothing more."
        ),
    ] = None
    bias_shape: Annotated[
        Sizes | None, Field(description="What you expect one group's biases to be, [out]; checked.")
    ] = None

    initial_fields = frozenset({"trainable", "bias", "weights"})

    checked_shapes = MappingProxyType({"weight": "weight_shape", "bias": "bias_shape"})

    def weight_and_bias(self, shape: Shape) -> dict[str, Weight]:
        """The two parameters, for weights of `shape` laid out (out, in, ...)."""
        parameters = {"weight": Weight(shape)}
        if self.bias != "none":
            parameters["bias"] = Weight((shape[0],), initial=self.bias)
        return parameters
