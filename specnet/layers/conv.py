"""`conv`: two-dimensional convolution, and what it has in common with others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from specnet.diagnostics import rules
from specnet.layers.base import Advice, Layer, LayerError, Shape, Weight
from specnet.layers.pad import Pad
from specnet.layers.weighted import Weighted
from specnet.layers.window import Windowed
from specnet.schema.fields import Count, Pair
from specnet.text import plural


class Convolution(Windowed, Weighted):
    """Base of what slides `filters` kernels over an image.

    `dilation` is the distance between the pixels that neighbouring weights see; 1 is an ordinary convolution.
    """

    filters: Annotated[Count, Field(description="Output channels, over all groups the layer lives on.")]
    dilation: Annotated[
        Pair, Field(description="Distance between the pixels of a window, or [down, right].")
    ] = (1, 1)

    split_field = "filters"

    def normal_form(self, *inputs: Shape) -> dict[str, Any]:
        spread = tuple(d if k > 1 else 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return {**super().normal_form(*inputs), "dilation": spread}

    @property
    def spread(self) -> tuple[int, int]:
        return self.dilation

    def merged(self, source: Layer, *inputs: Shape) -> Layer | None:
        if not isinstance(source, Pad) or min(source.padding) < 0:
            return None
        pads, *sizes = self.window(source.output_shape(*inputs))
        padding = tuple(one + other for one, other in zip(source.padding, pads, strict=True))
        made = self.model_copy(update={"padding": padding, "rounding": "floor"})
        return made if [*made.window(inputs[0])[1:]] == sizes else None

    def advice(self, inputs: tuple[Shape, ...] | None) -> Iterator[Advice]:
        """Besides what all windows are warned of, a dilation and a stride that leave pixels out everywhere.

        Where both are even, no window sees an odd pixel.
        """
        yield from super().advice(inputs)
        common = [
            math.gcd(d, s) if k > 1 else 1
            for k, d, s in zip(self.kernel, self.dilation, self.stride, strict=True)
        ]
        lines = [f"{noun}s" for noun, of in zip(("row", "column"), common, strict=True) if of > 1]
        if lines:
            every = ("second", "third")[max(common) - 2] if max(common) < 4 else f"{max(common)}th"
            message = f"stride and dilation see every {every} of the {' and '.join(lines)} alone"
            hint = "a stride of 1, or a dilation and a stride without a common divisor, sees all of them"
            yield Advice(message, rules.UNREACHED_PIXELS, "dilation", hint)


class Conv(Convolution):
    """Cross-correlation of an image with `filters` kernels, weights (out, in, height, width).

    With `shared: false` every output pixel has a kernel of its own, weights (out, in, height, width, rows,
    columns), and a bias, (out, rows, columns): the local layer of cuda-convnet.
    `groups` is ordinary grouped convolution within each share: filters and input channels are cut into that
    many blocks that do not see each other. It has nothing to do with the groups that layers live on.
    """

    kind: Literal["conv"] = "conv"
    groups: Annotated[
        Count, Field(description="Blocks of an ordinary grouped convolution, within a share.")
    ] = 1

    shared: Annotated[
        bool, Field(description="Whether all output pixels have the same kernels; false for a local layer.")
    ] = True

    channel_reading = "all"
    block_field = "groups"

    def output_shape(self, *inputs: Shape) -> Shape:
        for what, size in (("filter", self.filters), ("input channel", inputs[0][0])):
            if size % self.groups:
                message = f"{plural(size, what)} cannot be cut into {self.groups} blocks"
                hint = f"use a number that divides {self.filters} and {inputs[0][0]}"
                raise LayerError(message, rule=rules.INDIVISIBLE, field="groups", hint=hint)
        _, rows, columns = self.window(inputs[0])
        return self.filters, rows, columns

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        shape = (self.filters, inputs[0][0] // self.groups, *self.kernel)
        if self.shared:
            return self.weight_and_bias(shape)
        parameters = self.weight_and_bias((*shape, *self.output_shape(*inputs)[1:]))
        if self.bias != "none":
            parameters["bias"] = Weight(self.output_shape(*inputs), initial=self.bias)
        return parameters

    def macs(self, *inputs: Shape) -> int:
        return math.prod(self.output_shape(*inputs)) * (inputs[0][0] // self.groups) * math.prod(self.kernel)
