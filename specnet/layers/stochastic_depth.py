"""`stochastic_depth`: a branch left out for some images in training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.layers.base import Layer, Shape


class StochasticDepth(Layer):
    """All values of an image are zeroed with probability `rate` in training, or divided by 1 - rate.

    At test they stay as they are. Huang et al. 2016, with the scale corrected in training as torchvision and
    EfficientNet do. All groups drop the same images.
    """

    kind: Literal["stochastic_depth"] = "stochastic_depth"
    rate: Annotated[float, Field(ge=0, lt=1, description="Probability of zeroing an image's values.")]

    drops_images = True

    channel_reading = "each"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def drop_rate(self) -> float | None:
        return self.rate
