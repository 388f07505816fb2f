"""`activation`: an elementwise function, or softmax over the channels."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from specnet.layers.base import Layer, Shape
from specnet.layers.functions import ActivationFunction, Function, hint_about_number
from specnet.layers.weighted import Activated, check_activation_split


class Activation(Layer):
    """`function` applied to the input. Softmax runs over the channels (or units)."""

    kind: Literal["activation"] = "activation"
    function: Annotated[
        Function, Field(description="An activation function: its name, or {kind: NAME, ...}.")
    ]

    channel_reading = "each"

    @classmethod
    def hint_about(cls, key: str) -> str | None:
        return hint_about_number(key, "function") or super().hint_about(key)

    @property
    def needs_all_units(self) -> bool:
        """Whether an output depends on all units, as with softmax."""
        return self.function.needs_all_units

    def applied_function(self) -> ActivationFunction:
        return self.function

    def split(self, parts: int) -> Self:
        check_activation_split(self.function, parts, "function")
        return self

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def merged(self, source: Layer, *inputs: Shape) -> Layer | None:
        if not isinstance(source, Activated) or source.activation is not None:
            return None
        return source.model_copy(update={"activation": self.function})
