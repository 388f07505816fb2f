"""Augmentations that sample images anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, WithJsonSchema, field_validator

from specnet.recipe.augmentations import Augmentation, Fill
from specnet.recipe.cropping import Shape
from specnet.schema.fields import LARGEST, Count, Range, shown, two_of
from specnet.schema.strict import schema_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics
    from specnet.numerics.randomness import Array, Draws

TRIES = 10
"""Windows that are drawn for a random_resized_crop until one fits into the image."""


class RandomResizedCrop(Augmentation):
    """A window of random area and shape at a random place of each training image, resized to `size`.

    Szegedy et al. 2015, section 6, as torchvision's RandomResizedCrop draws it: an area and a ratio, up to
    ten times, until the window fits; else the largest window in the middle whose ratio is allowed.
    Resized bilinearly.
    """

    kind: Literal["random_resized_crop"] = "random_resized_crop"
    size: Annotated[Count, Field(description="Height and width in the end; the network's input size.")]
    area: Annotated[
        Range,
        WithJsonSchema(two_of({"type": "number", "exclusiveMinimum": 0, "maximum": 1})),
        Field(description="Smallest and largest part of the image's area."),
    ] = (0.08, 1.0)
    ratio: Annotated[
        Range,
        WithJsonSchema(two_of({"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST})),
        Field(description="Smallest and largest width / height; [3/4, 4/3] if left out."),
    ] = (3 / 4, 4 / 3)

    crop_field = "size"

    @field_validator("area")
    @classmethod
    def _part(cls, area: tuple[float, float]) -> tuple[float, float]:
        if area[0] <= 0 or area[1] > 1:
            hint = "for example [0.08, 1]"
            raise schema_error(
                "range", f"parts of the area are above 0 and at most 1, got {shown(area)}", hint
            )
        return area

    @field_validator("ratio")
    @classmethod
    def _above_zero(cls, ratio: tuple[float, float]) -> tuple[float, float]:
        if ratio[0] <= 0 or ratio[1] > LARGEST:
            hint = "for example [0.75, 1.33]"
            raise schema_error("range", f"ratios of width and height are above 0, got {shown(ratio)}", hint)
        return ratio

    def output_shape(self, shape: Shape) -> Shape | None:
        """Images of any size are resized."""
        return (shape[0], self.size, self.size) if len(shape) == 3 else None

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        from specnet.data.resample import resized

        windows = self.windows(draws.uniforms(2 * TRIES + 2), *images.shape[1:])
        return images.warp(lambda pixels, beyond: resized(pixels, windows, self.size))

    def windows(
        self, uniforms: Array, height: int, width: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Tops, lefts, heights and widths, each (n,), from numbers (n, 22): an area and a ratio for each try,
        then how far down and to the right the window lies."""
        import numpy as np

        tries = uniforms[:, : 2 * TRIES].reshape(-1, TRIES, 2)
        areas = height * width * (self.area[0] + (self.area[1] - self.area[0]) * tries[:, :, 0])
        low, high = np.log(self.ratio)
        ratios = np.exp(low + (high - low) * tries[:, :, 1])
        widths, heights = np.rint(np.sqrt(areas * ratios)), np.rint(np.sqrt(areas / ratios))
        fit = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
        each, first = np.arange(len(fit)), fit.argmax(axis=1)
        found = fit.any(axis=1)
        whole = min(max(width / height, self.ratio[0]), self.ratio[1])
        middle_height = min(height, max(1, round(width / whole)))
        middle_width = min(width, max(1, round(height * whole)))
        window_heights = np.where(found, heights[each, first], middle_height)
        window_widths = np.where(found, widths[each, first], middle_width)
        down, right = np.where(found[:, None], uniforms[:, 2 * TRIES :], 0.5).T
        tops = np.where(found, down * (height - window_heights + 1), (height - window_heights) // 2)
        lefts = np.where(found, right * (width - window_widths + 1), (width - window_widths) // 2)
        whole_tops, whole_lefts = tops.astype(np.int64), lefts.astype(np.int64)
        return whole_tops, whole_lefts, window_heights.astype(np.int64), window_widths.astype(np.int64)


class Rotation(Augmentation):
    """Each training image turned about its middle by an angle between -`degrees` and `degrees`.

    Bilinear; the image keeps its size.
    """

    kind: Literal["rotation"] = "rotation"
    degrees: Annotated[float, Field(gt=0, le=180, description="Largest angle, either way.")]
    fill: Fill = "mean"

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        from specnet.data.resample import rotated

        angles = self.degrees * (2 * draws.uniforms(1)[:, 0] - 1)
        return images.warp(lambda pixels, beyond: rotated(pixels, angles, beyond), self.fill)
