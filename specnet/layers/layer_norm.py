"""`layer_norm`: layer normalization over the channels (Ba et al. 2016)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from specnet.layers.base import Shape, Weight
from specnet.layers.weighted import Activated, Trainable, refuse_split
from specnet.schema.fields import Positive


class LayerNorm(Trainable, Activated):
    """y = weight * (x - mean) / sqrt(variance + epsilon) + bias.

    Mean and variance are those of all channels at a pixel, or of all units of a vector, for each image alone,
    in training and afterwards (Ba et al. 2016, equation 4; over the channels as in Liu et al. 2022,
    ConvNeXt). The variance is the mean of squares about the mean. Each channel has its weight and bias.
    """

    kind: Literal["layer_norm"] = "layer_norm"
    epsilon: Annotated[Positive, Field(description="What the variance is added to.")] = 1e-5
    scale: Annotated[bool, Field(description="Whether there is a weight for each channel.")] = True
    shift: Annotated[bool, Field(description="Whether there is a bias for each channel.")] = True

    full_precision = True

    channel_reading = "each"

    def split(self, parts: int) -> Self:
        if parts > 1:
            refuse_split("layer_norm", "channels", parts, "kind")
        return super().split(parts)

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        channels = (inputs[0][0],)
        starts = {"weight": 1.0} if self.scale else {}
        starts |= {"bias": 0.0} if self.shift else {}
        return {role: Weight(channels, initial=start) for role, start in starts.items()}
