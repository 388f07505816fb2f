"""`batch_norm`: batch normalization (Ioffe and Szegedy 2015)."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from specnet.layers.base import Shape, Weight
from specnet.layers.weighted import Activated, Trainable
from specnet.schema.fields import Positive


class BatchNorm(Trainable, Activated):
    """y = weight * (x - mean) / sqrt(variance + epsilon) + bias, for each channel.

    `scale: false` leaves the weight out, gamma in the paper, and `shift: false` the bias, beta.

    In training, mean and variance are the batch's; afterwards the running ones, which follow
    running <- momentum * running + (1 - momentum) * batch. The variance is the plain mean of squares about
    the mean, without Bessel's correction, in both. One that is not trained keeps to the running ones in
    training, too, and leaves them as they are.
    """

    kind: Literal["batch_norm"] = "batch_norm"
    epsilon: Annotated[Positive, Field(description="What the variance is added to.")] = 1e-5
    momentum: Annotated[float, Field(ge=0, lt=1, description="Share of the running value that stays.")] = 0.9

    scale: Annotated[bool, Field(description="Whether it has weights, the paper's gamma.")] = True
    shift: Annotated[bool, Field(description="Whether it has biases, the paper's beta.")] = True

    full_precision = True
    mixes_images = True

    channel_reading = "each"

    def least_images(self, *inputs: Shape) -> int:
        """A single value is its own mean, with a variance of 0: a vector or a 1x1 map needs two images."""
        return 2 if math.prod(inputs[0][1:]) == 1 and not self.is_frozen else 1

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        channels = (inputs[0][0],)
        weight = {"weight": Weight(channels, initial=1.0)} if self.scale else {}
        bias = {"bias": Weight(channels, initial=0.0)} if self.shift else {}
        return {
            **weight,
            **bias,
            "running_mean": Weight(channels, initial=0.0, trainable=False),
            "running_var": Weight(channels, initial=1.0, trainable=False),
        }
