"""`input`: where images enter the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from specnet.diagnostics import rules
from specnet.layers.base import Advice, Layer, Shape
from specnet.schema.fields import NameList, Sizes
from specnet.schema.strict import schema_error

COLOURS = (1, 3, 4)
"""Channels that images have: grey, RGB, and RGB with transparency."""


class Input(Layer):
    """The images themselves. Every group has the whole of them."""

    kind: Literal["input"] = "input"
    from_: Annotated[NameList, Field(alias="from", exclude=True)] = ()
    group: Annotated[NameList | None, Field(exclude=True)] = None
    cross_group: Annotated[bool, Field(exclude=True)] = False
    shape: Annotated[Sizes, Field(description="[channels, height, width], or [units] for vectors.")]

    is_input = True
    shape_field = "shape"

    @field_validator("from_", "group", "cross_group", mode="before")
    @classmethod
    def _reads_nothing(cls, value: Any) -> Any:
        raise schema_error(
            "input", "an input reads nothing and is on every group", "remove this key", needless=True
        )

    @classmethod
    def keys(cls) -> list[str]:
        return ["kind", "shape"]

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def advice(self, inputs: tuple[Shape, ...] | None) -> Iterator[Advice]:
        """Height, width, channels, the order of TensorFlow and of image files."""
        if len(self.shape) != 3:
            return
        first, second, last = self.shape
        if last in COLOURS and first not in COLOURS and first > last:
            message = f"{first} channels of {second}x{last} pixels"
            hint = f"the order is channels, height, width: [{last}, {first}, {second}]"
            yield Advice(message, rules.CHANNELS_LAST, "shape", hint)
