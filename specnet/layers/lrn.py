"""`lrn`: local response normalization across channels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from specnet.layers.base import Layer, Shape, image
from specnet.schema import Count, NonNegative, Positive, finding


class LRN(Layer):
    """b = a / (k + alpha * sum of a squared over `size` neighbouring maps) ** beta (the paper, section 3.3).

    Only maps of the same group are neighbours. `alpha_over: size` divides alpha by `size`, as the authors'
    own code and PyTorch do.
    """

    kind: Literal["lrn"] = "lrn"
    size: Annotated[Count, Field(description="Number of neighbouring maps, itself included; odd.")]
    k: Annotated[Positive, Field(description="What the sum of squares is added to; the paper's is 2.")]
    alpha: Annotated[NonNegative, Field(description="Factor of the sum of squares; the paper's is 1e-4.")]
    beta: Annotated[NonNegative, Field(description="Exponent; the paper's is 0.75.")]
    alpha_over: Annotated[
        Literal["sum", "size"], Field(description="What alpha multiplies: the sum of squares, or their mean.")
    ] = "sum"

    full_precision = True

    @field_validator("size")
    @classmethod
    def _odd(cls, size: int) -> int:
        if size % 2 == 0:
            hint = "TensorFlow's depth_radius r is size 2r + 1"
            raise finding("odd", f"size counts the map itself, so it is odd, not {size}", hint)
        return size

    def output_shape(self, *inputs: Shape) -> Shape:
        return image(inputs[0], self.kind)

    def scale(self) -> float:
        """The factor of the sum of squares."""
        return self.alpha / (self.size if self.alpha_over == "size" else 1)
