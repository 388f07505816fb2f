"""`concat`, `add` and `multiply`: several inputs become one."""

from __future__ import annotations

import math
from typing import Literal

from specnet.layers.base import Layer, LayerError, Shape
from specnet.layers.weighted import Activated
from specnet.text import describe


class Concat(Layer):
    """Its inputs one after another along the channels, as every layer with several inputs reads them."""

    kind: Literal["concat"] = "concat"

    passes_on = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class Add(Activated):
    """The sum of its inputs, which must have one shape."""

    kind: Literal["add"] = "add"

    concatenates_inputs = False
    channel_reading = "each"
    is_commutative = True

    def output_shape(self, *inputs: Shape) -> Shape:
        for name, shape in zip(self.inputs, inputs, strict=True):
            if shape != inputs[0]:
                both = f"{self.inputs[0]} ({describe(inputs[0])}) and {name} ({describe(shape)})"
                hint = "bring both to one shape: by filters or units, strides and paddings"
                raise LayerError(f"cannot add {both}: the shapes differ", field="from", hint=hint)
        return inputs[0]


class Multiply(Activated):
    """The product of its inputs, value by value.

    They have one shape, or one number for each channel, (channels, 1, 1) or (channels,), which is multiplied
    into all pixels of that channel (squeeze and excitation: Hu et al. 2018, equation 4).
    """

    kind: Literal["multiply"] = "multiply"

    concatenates_inputs = False
    channel_reading = "each"
    is_commutative = True

    def output_shape(self, *inputs: Shape) -> Shape:
        largest = max(inputs, key=lambda shape: (math.prod(shape), len(shape)))
        for name, shape in zip(self.inputs, inputs, strict=True):
            if shape == largest or (shape[0] == largest[0] and math.prod(shape[1:]) == 1):
                continue
            other = self.inputs[inputs.index(largest)]
            both = f"{other} ({describe(largest)}) and {name} ({describe(shape)})"
            wide = (largest[0], *[1] * len(largest[1:]))
            one = " or ".join(dict.fromkeys(map(describe, (largest[:1], wide))))
            hint = f"bring both to one shape, or one of them to a number for each channel: {one}"
            raise LayerError(f"cannot multiply {both}: the shapes differ", field="from", hint=hint)
        return largest
