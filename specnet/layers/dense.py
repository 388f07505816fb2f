"""`dense`: every output unit reads every input value."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from specnet.layers.base import Shape, Weight
from specnet.layers.weighted import Weighted
from specnet.schema.fields import Count


class Dense(Weighted):
    """A product with weights (out, in). An image is flattened in channel, height, width order."""

    kind: Literal["dense"] = "dense"
    units: Annotated[Count, Field(description="Output units, over all groups the layer lives on.")]

    split_field = "units"
    shape_field = "units"
    channel_reading = "all"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (self.units,)

    def receptive_window(self) -> None:
        return None

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        return self.weight_and_bias((self.units, math.prod(inputs[0])))

    def macs(self, *inputs: Shape) -> int:
        return self.units * math.prod(inputs[0])
