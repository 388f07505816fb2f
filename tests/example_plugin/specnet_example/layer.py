"""`channel_scale`: every channel times a number of its own."""

from __future__ import annotations

from typing import Literal

from specnet.layers.base import Shape, Weight
from specnet.layers.weighted import Trainable


class ChannelScale(Trainable):
    """y = weight * x for each channel; the weights start at `initial`."""

    kind: Literal["channel_scale"] = "channel_scale"
    initial: float = 1.0

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        return {"weight": Weight((inputs[0][0],), initial=self.initial)}
