"""`conv`: two-dimensional convolution."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from specnet.diagnostics import rules
from specnet.layers.base import LayerError, Shape, Weight
from specnet.layers.weighted import Weighted
from specnet.layers.window import Windowed
from specnet.schema.fields import Count


class Conv(Windowed, Weighted):
    """Cross-correlation of an image with `filters` kernels, weights (out, in, height, width).

    `groups` is ordinary grouped convolution within each share: filters and input channels are cut into that
    many blocks that do not see each other. It has nothing to do with the groups that layers live on.
    """

    kind: Literal["conv"] = "conv"
    filters: Annotated[Count, Field(description="Output channels, over all groups the layer lives on.")]
    groups: Annotated[
        Count, Field(description="Blocks of an ordinary grouped convolution, within a share.")
    ] = 1

    split_field = "filters"

    def output_shape(self, *inputs: Shape) -> Shape:
        for what, size in (("filters", self.filters), ("input channels", inputs[0][0])):
            if size % self.groups:
                message = f"{size} {what} cannot be cut into {self.groups} blocks"
                raise LayerError(message, rule=rules.INDIVISIBLE, field="groups")
        _, rows, columns = self.window(inputs[0])
        return self.filters, rows, columns

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        return self.weight_and_bias((self.filters, inputs[0][0] // self.groups, *self.kernel))

    def macs(self, *inputs: Shape) -> int:
        return math.prod(self.output_shape(*inputs)) * (inputs[0][0] // self.groups) * math.prod(self.kernel)
