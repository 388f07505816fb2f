"""`max_pool`, `avg_pool`, `global_avg_pool`, `global_max_pool`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from specnet.diagnostics import rules
from specnet.layers.base import Layer, LayerError, Shape, image
from specnet.layers.weighted import Activated
from specnet.layers.window import Pads, Windowed
from specnet.schema.fields import Pair


class Pool(Windowed, Activated):
    """A window slid over each channel. The stride is the kernel's size unless it is given."""

    stride: Annotated[
        Pair,
        Field(
            default_factory=lambda fields: fields["kernel"],
            description="Step of the window, or [down, right]; the kernel's size if left out.",
        ),
    ]

    def output_shape(self, *inputs: Shape) -> Shape:
        pads, rows, columns = self.window(inputs[0])
        self._check_windows(inputs[0], pads, rows, columns)
        return inputs[0][0], rows, columns

    channel_reading = "each"

    def _is_global(self, shape: Shape) -> bool:
        """Whether the one window there is sees all of the image and nothing else."""
        return self.kernel == shape[1:] and self.window(shape) == (Pads(0, 0, 0, 0), 1, 1)

    def _globally(self, kind: type[GlobalPool], as_row: bool, *inputs: Shape) -> Layer:
        """The pool over all of the image that this one is, or itself if it is none."""
        if self.activation is not None or not self._is_global(inputs[0]):
            return self
        own = {"from_": self.from_, "group": self.group, "cross_group": self.cross_group}
        return kind.model_validate({"from": ["x"], "keep_dims": not as_row}).model_copy(update=own)

    def _check_windows(self, shape: Shape, pads: Pads, rows: int, columns: int) -> None:
        """Every window must see at least one pixel, or there is nothing to take the maximum or mean of."""
        down, right = self.stride
        first = pads.top < self.kernel[0] and pads.left < self.kernel[1]
        last = (rows - 1) * down < pads.top + shape[1] and (columns - 1) * right < pads.left + shape[2]
        if not (first and last):
            message, hint = "a window at the edge sees nothing but padding", None
            if first and self.rounding == "ceil":
                message = f"{message}, because rounding 'ceil' adds one that starts there"
                hint = "rounding: clip leaves it out, as the ceil mode of PyTorch and Caffe does"
            raise LayerError(message, rule=rules.UNFIT_WINDOW, field="padding", hint=hint)


class MaxPool(Pool):
    """The largest value of each window. Padding never wins."""

    kind: Literal["max_pool"] = "max_pool"

    def in_short(self, *inputs: Shape, as_row: bool) -> Layer:
        return self._globally(GlobalMaxPool, as_row, *inputs)


class AvgPool(Pool):
    """The mean of the pixels in each window; padding is not counted.

    With `count_padding` it is, as zeros; what `rounding` adds to it at the bottom and right never is.
    """

    kind: Literal["avg_pool"] = "avg_pool"
    count_padding: Annotated[
        bool, Field(description="Count the zeros of `padding` in the mean, as PyTorch and Caffe do.")
    ] = False

    def normal_form(self, *inputs: Shape) -> dict[str, Any]:
        return {**super().normal_form(*inputs), "count_padding": self.counted_padding(inputs[0])}

    def in_short(self, *inputs: Shape, as_row: bool) -> Layer:
        return self._globally(GlobalAvgPool, as_row, *inputs)

    def counted_padding(self, shape: Shape) -> Pads:
        """The part of the padding whose pixels count."""
        if not self.count_padding:
            return Pads(0, 0, 0, 0)
        pads, (rows, columns) = self.window(shape)[0], self.rounded_up(shape)
        return Pads(pads.top, pads.bottom - rows, pads.left, pads.right - columns)


class GlobalPool(Layer):
    """One number for each channel: an image becomes a vector, or with `keep_dims` an image of one pixel."""

    keep_dims: Annotated[
        bool, Field(description="Give an image of one pixel, which a convolution can read, not a vector.")
    ] = False

    channel_reading = "each"

    def receptive_window(self) -> None:
        return None

    def in_short(self, *inputs: Shape, as_row: bool) -> Layer:
        return self.model_copy(update={"keep_dims": self.keep_dims and not as_row})

    def output_shape(self, *inputs: Shape) -> Shape:
        channels = image(inputs[0], self.kind)[0]
        return (channels, 1, 1) if self.keep_dims else (channels,)


class GlobalAvgPool(GlobalPool):
    """The mean of each channel: an image becomes a vector, or with `keep_dims` an image of one pixel."""

    kind: Literal["global_avg_pool"] = "global_avg_pool"


class GlobalMaxPool(GlobalPool):
    """The largest value of each channel: an image becomes a vector, or with `keep_dims` an image of one
    pixel. The first of equal pixels in reading order takes the gradient."""

    kind: Literal["global_max_pool"] = "global_max_pool"
