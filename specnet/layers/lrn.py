"""`lrn`: local response normalization across channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from specnet.diagnostics import rules
from specnet.layers.base import Advice, ChannelReading, Layer, Shape, Window, image
from specnet.schema.fields import LARGEST, Count, NonNegative, Positive
from specnet.schema.strict import schema_error

PAPER_MAPS = 5
"""Maps in the sum of the paper's response normalization (section 3.3)."""


def _size(fields: dict[str, Any]) -> int:
    """The size that a radius stands for; 0 if there is no radius either."""
    return 0 if fields["radius"] is None else 2 * fields["radius"] + 1


class LRN(Layer):
    """b = a / (k + alpha * sum of a squared over `size` neighbouring maps) ** beta (the paper, section 3.3).

    Only maps of the same group are neighbours. `alpha_over: size` divides alpha by `size`, as the authors'
    own code and PyTorch do. `radius: r` is TensorFlow's way to say `size: 2r + 1`.

    With `region: within` the sum is over a square window of `size` by `size` pixels of the same map, with
    zeros beyond the edge, and `alpha_over: size` divides alpha by the square of `size`: cuda-convnet's rnorm,
    and Caffe's WITHIN_CHANNEL.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["size"]}, {"required": ["radius"]}]})

    kind: Literal["lrn"] = "lrn"
    radius: Annotated[
        int | None,
        Field(ge=0, le=LARGEST // 2, exclude=True, description="In place of size: maps on either side."),
    ] = None
    size: Annotated[
        Count,
        Field(
            default_factory=_size,
            description="Number of neighbouring maps, itself included, or the side of the window; odd.",
        ),
    ]
    k: Annotated[Positive, Field(description="What the sum of squares is added to; the paper's is 2.")]
    alpha: Annotated[NonNegative, Field(description="Factor of the sum of squares; the paper's is 1e-4.")]
    beta: Annotated[NonNegative, Field(description="Exponent; the paper's is 0.75.")]
    alpha_over: Annotated[
        Literal["sum", "size"], Field(description="What alpha multiplies: the sum of squares, or their mean.")
    ] = "sum"

    region: Annotated[
        Literal["across", "within"],
        Field(description="What is summed over: neighbouring maps, or a window within each map."),
    ] = "across"

    full_precision = True

    @field_validator("size")
    @classmethod
    def _odd(cls, size: int) -> int:
        if size % 2 == 0:
            hint = "TensorFlow's depth_radius r is size 2r + 1"
            raise schema_error("odd", f"size counts the map itself, so it is odd, not {size}", hint)
        return size

    @model_validator(mode="after")
    def _size_or_radius(self) -> Self:
        given = self.model_fields_set & {"size", "radius"}
        if not given:
            hint = "add it, or radius, the number of maps on either side"
            raise schema_error("missing", "the key 'size' is missing", hint, at="size")
        if len(given) == 2:
            hint = f"radius {self.radius} is size {_size({'radius': self.radius})}; keep one of the two"
            raise schema_error("twice", "size and radius say the same thing", hint, at="radius")
        return self

    def output_shape(self, *inputs: Shape) -> Shape:
        return image(inputs[0], self.kind)

    def reads_channels(self) -> ChannelReading:
        return "each" if self.region == "within" else "in_order"

    def normal_form(self, *inputs: Shape) -> dict[str, Any]:
        return {"alpha": self.scale(), "alpha_over": "sum", "radius": None}

    def scale(self) -> float:
        """The factor of the sum of squares."""
        count = self.size if self.region == "across" else self.size**2
        return self.alpha / (count if self.alpha_over == "size" else 1)

    def reach_within(self, shape: Shape) -> tuple[int, int]:
        """Rows and columns of the window on either side of a pixel, no more than there are in an image."""
        _, height, width = image(shape, self.kind)
        return min(self.size // 2, height - 1), min(self.size // 2, width - 1)

    def receptive_window(self) -> Window:
        side = self.size if self.region == "within" else 1
        return Window((side, side), (1, 1))

    def advice(self, inputs: tuple[Shape, ...] | None) -> Iterator[Advice]:
        """A radius of 5, TensorFlow's default, where the five maps of the paper were meant."""
        if self.radius == PAPER_MAPS and self.region == "across":
            message = f"radius {self.radius} is a sum over {self.size} maps"
            hint = f"the paper's n = {PAPER_MAPS} is size: {PAPER_MAPS}, or radius: {PAPER_MAPS // 2}"
            yield Advice(message, rules.RADIUS_AS_SIZE, "radius", hint)
