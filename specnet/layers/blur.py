"""`blur`: a fixed Gaussian filter."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator

from specnet.layers.base import Layer, Shape, Window, image
from specnet.schema.fields import Count, Positive
from specnet.schema.strict import schema_error


class Blur(Layer):
    """Each channel filtered along its rows and its columns, with zeros beyond the edge; the size stays.

    The filter is exp(-i ** 2 / (2 std ** 2)) for i from -(size - 1) / 2 to (size - 1) / 2, divided by its
    sum: the `blur` layer of cuda-convnet (`filterSize`, `stdev`). Nothing is trained.
    """

    kind: Literal["blur"] = "blur"
    size: Annotated[
        Count,
        Field(
            description="Pixels of the filter along either side; odd.",
            json_schema_extra={"not": {"multipleOf": 2}},
        ),
    ]
    std: Annotated[Positive, Field(description="Standard deviation of the Gaussian, in pixels.")]

    full_precision = True

    channel_reading = "each"

    @field_validator("size")
    @classmethod
    def _odd(cls, size: int) -> int:
        if size % 2 == 0:
            hint = f"{size - 1} or {size + 1}"
            raise schema_error("odd", f"size counts the pixel itself, so it is odd, not {size}", hint)
        return size

    def output_shape(self, *inputs: Shape) -> Shape:
        return image(inputs[0], self.kind)

    def receptive_window(self) -> Window:
        return Window((self.size, self.size), (1, 1))

    def sliding_window(self, *inputs: Shape) -> tuple[Window, tuple[int, int, int, int]]:
        half = self.size // 2
        return self.receptive_window(), (half, half, half, half)

    def taps(self, reach: int) -> list[float]:
        """The filter's values, of those no further than `reach` pixels from its middle."""
        half = self.size // 2
        values = [math.exp(-(i * i) / (2 * self.std**2)) for i in range(-half, half + 1)]
        total = math.fsum(values)
        near = min(reach, half)
        return [value / total for value in values[half - near : half + near + 1]]
