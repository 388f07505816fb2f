"""`concat` and `add`: several inputs become one."""

from __future__ import annotations

from typing import Literal

from specnet.layers.base import Layer, LayerError, Shape
from specnet.layers.weighted import Activated
from specnet.text import describe


class Concat(Layer):
    """Its inputs one after another along the channels, as every layer with several inputs reads them."""

    kind: Literal["concat"] = "concat"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class Add(Activated):
    """The sum of its inputs, which must have one shape."""

    kind: Literal["add"] = "add"

    concatenates_inputs = False

    def output_shape(self, *inputs: Shape) -> Shape:
        for name, shape in zip(self.inputs, inputs, strict=True):
            if shape != inputs[0]:
                both = f"{self.inputs[0]} ({describe(inputs[0])}) and {name} ({describe(shape)})"
                raise LayerError(f"cannot add {both}: the shapes differ", field="from")
        return inputs[0]
