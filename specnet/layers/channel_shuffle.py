"""`channel_shuffle`: the channels of several blocks, dealt out to all of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.diagnostics import rules
from specnet.layers.base import Layer, LayerError, Shape
from specnet.schema.fields import Count


class ChannelShuffle(Layer):
    """The first channel of each of `groups` equal blocks, then the second of each, and so on.

    With n channels in a block, output channel i * groups + j is input channel j * n + i (Zhang et al. 2018,
    section 3.1). Blocks are those of an ordinary grouped convolution, within each share.
    """

    kind: Literal["channel_shuffle"] = "channel_shuffle"
    groups: Annotated[
        Count, Field(description="Blocks that the channels are dealt out from, within a share.")
    ]

    def output_shape(self, *inputs: Shape) -> Shape:
        if inputs[0][0] % self.groups:
            message = f"{inputs[0][0]} channels cannot be cut into {self.groups} blocks"
            hint = f"use a number that divides {inputs[0][0]}"
            raise LayerError(message, rule=rules.INDIVISIBLE, field="groups", hint=hint)
        return inputs[0]
