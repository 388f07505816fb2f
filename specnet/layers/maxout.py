"""`maxout`: the largest of several channels (Goodfellow et al. 2013)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.diagnostics import rules
from specnet.layers.base import Layer, LayerError, Shape
from specnet.schema.fields import LARGEST


class Maxout(Layer):
    """The largest of every `pieces` consecutive channels (or units), pixel by pixel.

    The paper's k filters of one maxout unit are the channels 0 to k - 1, the next unit's k to 2k - 1, and so
    on, within each share. The first of equal ones takes the gradient.
    """

    kind: Literal["maxout"] = "maxout"
    pieces: Annotated[int, Field(ge=2, le=LARGEST, description="Consecutive channels of which one is left.")]

    def output_shape(self, *inputs: Shape) -> Shape:
        channels, *window = inputs[0]
        if channels % self.pieces:
            message = f"{channels:,} channels cannot be taken {self.pieces:,} at a time"
            hint = f"use a number that divides {channels:,}"
            raise LayerError(message, rule=rules.INDIVISIBLE, field="pieces", hint=hint)
        return (channels // self.pieces, *window)
