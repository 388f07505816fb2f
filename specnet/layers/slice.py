"""`slice`: some of the channels."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from specnet.diagnostics import rules
from specnet.layers.base import Layer, LayerError, Shape
from specnet.schema.fields import LARGEST, is_integer, shown
from specnet.schema.strict import schema_error


def _range(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2 and all(is_integer(v) for v in value):
        start, stop = value
        if start < stop:
            return start, stop
        hint = "the second number is one more than the last channel's: [0, 1] is the first channel alone"
        raise schema_error("range", f"there is no channel from {start} to before {stop}", hint)
    hint = "[0, 16] is the first 16 channels, [16, 32] the next 16"
    raise schema_error("channels", f"expected [start, stop], counted from 0, got {shown(value)}", hint)


class Slice(Layer):
    """The channels (or units) from the first number to before the second, counted from 0 in what it reads."""

    kind: Literal["slice"] = "slice"
    channels: Annotated[
        tuple[int, int],
        BeforeValidator(_range),
        PlainSerializer(list),
        WithJsonSchema(
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": LARGEST},
                "minItems": 2,
                "maxItems": 2,
            }
        ),
        Field(description="[start, stop]: the first channel, and the one after the last; counted from 0."),
    ]

    def split(self, parts: int) -> Self:
        """Refused over several groups: whether the layer's channels or a share's are counted is not said."""
        if parts > 1:
            message = f"channels are counted in one place, and this layer is split over {parts} groups"
            hint = "give the layer one group (group: NAME, with cross_group: true if it reads the others)"
            raise LayerError(message, rule=rules.INDIVISIBLE, field="channels", hint=hint)
        return self

    def output_shape(self, *inputs: Shape) -> Shape:
        (start, stop), (channels, *window) = self.channels, inputs[0]
        if stop > channels:
            message = f"channels {start} to before {stop} are not all there: it reads {channels:,}"
            hint = f"channels are counted from 0: [0, {channels}] is all of them"
            raise LayerError(message, field="channels", hint=hint)
        return (stop - start, *window)
