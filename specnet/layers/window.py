"""Sliding windows, shared by convolution and pooling: padding, rounding and output size.

Frameworks disagree on both, so the meaning is settled here and backends see explicit paddings only.

    floor   out = 1 + floor((n + before + after - kernel) / stride)
    ceil    the same with ceil; the missing rows and columns are added at the bottom and right
    clip    ceil without the windows that start beyond the image, as the ceil mode of PyTorch and Caffe has it
    same    TensorFlow's rule: out = ceil(n / stride), the odd pixel of padding at the bottom and right
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import sure
from specnet.layers.base import Advice, Layer, LayerError, Shape, Window, image
from specnet.schema.fields import LARGEST, Pair, is_integer, shown
from specnet.schema.strict import schema_error
from specnet.text import describe, plural


class Pads(NamedTuple):
    """Rows and columns added around an image."""

    top: int
    bottom: int
    left: int
    right: int


def _padding(value: Any) -> Any:
    if value == "same" and isinstance(value, str):
        return value
    if is_integer(value):
        return (value,) * 4
    if isinstance(value, list | tuple) and len(value) == 4 and all(is_integer(v) for v in value):
        return tuple(value)
    message = f"expected a number of pixels, [top, bottom, left, right] or 'same', got {shown(value)}"
    hint = "leave it out for no padding ('valid' in other languages)"
    meant = sure(value, ["same"]) if isinstance(value, str) else None
    none = isinstance(value, str) and value.lower() == "valid"
    hint = "did you mean 'same'?" if meant else hint
    raise schema_error("padding", message, hint, meant=meant, needless=none)


Padding = Annotated[
    tuple[int, int, int, int] | Literal["same"],
    BeforeValidator(_padding),
    PlainSerializer(lambda pads: pads if pads == "same" or len(set(pads)) > 1 else pads[0]),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "integer", "minimum": 0, "maximum": LARGEST},
                {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "maximum": LARGEST},
                    "minItems": 4,
                    "maxItems": 4,
                },
                {"const": "same"},
            ]
        }
    ),
    Field(description="Pixels on every side, [top, bottom, left, right], or 'same' (TensorFlow's rule)."),
]


class Windowed(Layer):
    """A layer that slides a window over an image."""

    kernel: Annotated[Pair, Field(description="Window size, or [height, width].")]
    stride: Annotated[Pair, Field(description="Step of the window, or [down, right].")] = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    rounding: Annotated[
        Literal["floor", "ceil", "clip"],
        Field(
            description="Of the output size; ceil adds rows at the bottom and right, clip does so unless the "
            "last window would start beyond the image."
        ),
    ] = "floor"

    @property
    def spread(self) -> tuple[int, int]:
        """The distance between neighbouring pixels of the window, down and right."""
        return 1, 1

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width of the window from its first pixel to its last."""
        (high, wide), (down, right) = self.kernel, self.spread
        return (high - 1) * down + 1, (wide - 1) * right + 1

    def normal_form(self, *inputs: Shape) -> dict[str, Any]:
        """Padding in pixels; where one window is all there is, its step means nothing."""
        pads, *sizes = self.window(inputs[0])
        steps = tuple(step if size > 1 else 1 for step, size in zip(self.stride, sizes, strict=True))
        return {"padding": pads, "rounding": tuple(sizes), "stride": steps}

    def receptive_window(self) -> Window:
        return Window(self.extent, self.stride)

    def sliding_window(self, *inputs: Shape) -> tuple[Window, Pads]:
        return Window(self.kernel, self.stride, self.spread), self.window(inputs[0])[0]

    def advice(self, inputs: tuple[Shape, ...] | None) -> Iterator[Advice]:
        """Windows that stop short of the last rows or columns because the output size is rounded down.

        A window smaller than its stride leaves pixels out everywhere and on purpose, and a rounding that is
        written out was thought about; neither is meant here.
        """
        if inputs is None or "rounding" in self.model_fields_set:
            return
        lost = [self._unseen(axis, inputs[0][1 + axis]) for axis in (0, 1)]
        parts = [plural(n, noun) for n, noun in zip(lost, ("row", "column"), strict=True) if n]
        if parts:
            message = f"no window reaches the last {' and '.join(parts)} of {describe(inputs[0])}"
            hint = "rounding: ceil keeps them, and rounding: floor says that they may go"
            yield Advice(message, rules.UNREACHED_PIXELS, "kernel", hint)

    def _unseen(self, axis: int, size: int) -> int:
        """Pixels of the input beyond the last window, along the height (0) or the width (1)."""
        if self.padding == "same" or self.extent[axis] < self.stride[axis]:
            return 0
        before, after = self.padding[2 * axis], self.padding[2 * axis + 1]
        return max(0, (size + before + after - self.extent[axis]) % self.stride[axis] - after)

    def window(self, shape: Shape) -> tuple[Pads, int, int]:
        """The explicit padding and the output's height and width for an image of `shape`."""
        _, height, width = image(shape, self.kind)
        if self.padding == "same" and self.rounding != "floor":
            message = f"padding 'same' fixes the output size, so rounding '{self.rounding}' has no meaning"
            raise LayerError(message, field="rounding", hint="leave one of the two out")
        top, bottom, rows = self._along(0, height, shape)
        left, right, columns = self._along(1, width, shape)
        return Pads(top, bottom, left, right), rows, columns

    def _along(self, axis: int, size: int, shape: Shape) -> tuple[int, int, int]:
        """Padding before, padding after and output size along the height (0) or width (1) of an image."""
        kernel, stride = self.extent[axis], self.stride[axis]
        if self.padding == "same":
            out = -(-size // stride)
            total = max((out - 1) * stride + kernel - size, 0)
            return total // 2, total - total // 2, out
        before, after = self.padding[2 * axis], self.padding[2 * axis + 1]
        room = size + before + after - kernel
        if room < 0:
            what = ("height", "width")[axis]
            padded = f" with padding {before}+{after}" if before or after else ""
            spread = (
                f" ({self.kernel[axis]} pixels, spread by the dilation)"
                if kernel != self.kernel[axis]
                else ""
            )
            message = f"a window of {what} {kernel}{spread} does not fit into {describe(shape)}{padded}"
            raise LayerError(message, rule=rules.UNFIT_WINDOW, field="kernel")
        if self.rounding == "floor":
            return before, after, 1 + room // stride
        out = 1 - (-room // stride)
        if self.rounding == "clip":
            out = min(out, -(-(size + before) // stride))
            if out <= room // stride:  # whole windows lie in the padding, which ends before them
                return before, max(0, after + (out - 1) * stride - room), out
        return before, after + max(0, (out - 1) * stride - room), out

    def rounded_up(self, shape: Shape) -> tuple[int, int]:
        """Rows and columns at the bottom and right of the padding that `ceil` or `clip` has added."""
        pads = self.window(shape)[0]
        if self.padding == "same":
            return 0, 0
        return max(0, pads.bottom - self.padding[1]), max(0, pads.right - self.padding[3])
