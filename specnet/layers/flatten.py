"""`flatten`: an image as a vector."""

from __future__ import annotations

import math
from typing import Literal

from specnet.layers.base import Layer, Shape


class Flatten(Layer):
    """All values in one row, in channel, height, width order."""

    kind: Literal["flatten"] = "flatten"

    passes_on = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return (math.prod(inputs[0]),)
