"""`subsample`: every so many pixels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from specnet.diagnostics import rules
from specnet.layers.base import Layer, LayerError, Shape, Window, image
from specnet.schema.fields import LARGEST, Pair, is_integer, shown
from specnet.schema.strict import schema_error
from specnet.text import describe

_SIZE = {"type": "integer", "minimum": 0, "maximum": LARGEST}


def _start(value: Any) -> Any:
    if is_integer(value):
        return (value, value)
    if isinstance(value, list | tuple) and len(value) == 2 and all(is_integer(v) for v in value):
        return tuple(value)
    message = f"expected a number of pixels, or [down, right], got {shown(value)}"
    raise schema_error("pair", message, "pixels are counted from 0")


class Subsample(Layer):
    """The pixels from `start` on, `stride` apart, of each channel: 1 + floor((n - 1 - start) / stride) of n.

    It is the `nailbed` layer of cuda-convnet, whose later versions always start at
    floor((n - stride * (ceil(n / stride) - 1)) / 2). Unlike a pooling it looks at no other pixel.
    """

    kind: Literal["subsample"] = "subsample"
    stride: Annotated[Pair, Field(description="Distance between the pixels, or [down, right].")]
    start: Annotated[
        tuple[int, int],
        BeforeValidator(_start),
        PlainSerializer(lambda start: start[0] if start[0] == start[1] else list(start)),
        WithJsonSchema({"oneOf": [_SIZE, {"type": "array", "items": _SIZE, "minItems": 2, "maxItems": 2}]}),
        Field(description="The first pixel, counted from 0, or [down, right]."),
    ] = (0, 0)

    channel_reading = "each"

    def output_shape(self, *inputs: Shape) -> Shape:
        channels, *sizes = image(inputs[0], self.kind)
        for what, start, size in zip(("row", "column"), self.start, sizes, strict=True):
            if start >= size:
                message = f"there is no {what} {start} in {describe(inputs[0])}"
                hint = f"{what}s are counted from 0 to {size - 1}"
                raise LayerError(message, rule=rules.UNFIT_WINDOW, field="start", hint=hint)
        rows, columns = (
            1 + (size - 1 - start) // stride
            for size, start, stride in zip(sizes, self.start, self.stride, strict=True)
        )
        return channels, rows, columns

    def receptive_window(self) -> Window:
        return Window((1, 1), self.stride)
