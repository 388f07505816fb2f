"""`dropout`: units switched off at random in training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.layers.base import Layer, Shape


class Dropout(Layer):
    """Each unit is zeroed with probability `rate` in training.

    `scale_at: train` divides the units that stay by 1 - rate in training; `scale_at: test` leaves training
    alone and multiplies by 1 - rate at test, as the paper does (section 4.2).
    """

    kind: Literal["dropout"] = "dropout"
    rate: Annotated[float, Field(ge=0, lt=1, description="Probability of zeroing a unit.")]
    scale_at: Annotated[Literal["train", "test"], Field(description="When the scale is corrected.")] = "train"

    channel_reading = "each"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def drop_rate(self) -> float | None:
        return self.rate
