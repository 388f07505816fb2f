"""`pad`: rows and columns of zeros around an image, or fewer rows and columns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from specnet.diagnostics import rules
from specnet.layers.base import Layer, LayerError, Shape, image
from specnet.layers.window import Pads
from specnet.schema.fields import LARGEST, is_integer, shown
from specnet.schema.strict import schema_error
from specnet.text import describe


def _sides(value: Any) -> Any:
    if is_integer(value, -LARGEST):
        return (value,) * 4
    if isinstance(value, list | tuple) and len(value) == 4 and all(is_integer(v, -LARGEST) for v in value):
        return tuple(value)
    message = f"expected a number of pixels, or [top, bottom, left, right], got {shown(value)}"
    raise schema_error("padding", message, "negative numbers cut rows and columns off")


_PIXELS = {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST}
_FOUR = {"type": "array", "items": _PIXELS, "minItems": 4, "maxItems": 4}


class Pad(Layer):
    """Zeros around an image. A negative number of pixels cuts rows or columns off on that side."""

    kind: Literal["pad"] = "pad"
    padding: Annotated[
        tuple[int, int, int, int],
        BeforeValidator(_sides),
        PlainSerializer(lambda pads: list(pads) if len(set(pads)) > 1 else pads[0]),
        WithJsonSchema({"oneOf": [_PIXELS, _FOUR]}),
        Field(description="Pixels on every side, or [top, bottom, left, right]; negative ones are cut off."),
    ]

    channel_reading = "each"

    def output_shape(self, *inputs: Shape) -> Shape:
        channels, *sizes = image(inputs[0], self.kind)
        for what, size, before, after in zip(
            ("rows", "columns"), sizes, self.padding[::2], self.padding[1::2], strict=True
        ):
            cut = -min(before, 0) - min(after, 0)
            if cut >= size:
                message = f"cutting {cut:,} {what} off leaves nothing of {describe(inputs[0])}"
                hint = f"{size - 1:,} of {size:,} {what} can be cut off"
                raise LayerError(message, rule=rules.UNFIT_WINDOW, field="padding", hint=hint)
        top, bottom, left, right = self.padding
        return channels, sizes[0] + top + bottom, sizes[1] + left + right

    def cut_and_pads(self, shape: Shape) -> tuple[slice, slice, Pads]:
        """The rows and columns of an image of `shape` that stay, and the zeros that are put around them."""
        (_, height, width), (top, bottom, left, right) = shape, self.padding
        rows = slice(max(0, -top), height - max(0, -bottom))
        columns = slice(max(0, -left), width - max(0, -right))
        return rows, columns, Pads(*(max(0, pixels) for pixels in self.padding))
