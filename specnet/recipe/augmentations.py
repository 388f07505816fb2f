"""What training images go through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, WithJsonSchema, field_validator

from specnet.recipe.cropping import Cropping, Shape
from specnet.schema.fields import LARGEST, Count, Positive, Range, shown, two_of
from specnet.schema.strict import schema_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics
    from specnet.numerics.randomness import Array, Draws

Fill = Annotated[
    Literal["mean", "black"],
    Field(description="What lies beyond the edge: what normalize subtracts, or grey level 0."),
]
TRIES = 10
"""Windows that are drawn for a random_resized_crop until one fits into the image."""


class Augmentation(Cropping):
    """Base of all augmentation kinds, registered in the entry-point group `specnet.augmentations`."""

    needs_statistics: ClassVar[bool] = False
    """Whether `apply` reads the statistics, which are else not measured."""

    mixes: ClassVar[bool] = False
    """Whether it mixes images of a batch, whose labels are then each class's share."""

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        """What becomes of the images of a training batch.

        Their pixels are in grey levels about the mean that `training.normalize` subtracts. `draws` are the
        random numbers of this part, for each image its own in every epoch.
        """
        raise NotImplementedError


class RandomCrop(Augmentation):
    """A window of `size` at a random place of each training image (the paper, section 4.1)."""

    kind: Literal["random_crop"] = "random_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]

    crop_field = "size"

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        _, height, width = images.shape
        down, right = draws.uniforms(2).T
        tops = (down * (height - self.size + 1)).astype(int)
        lefts = (right * (width - self.size + 1)).astype(int)
        return images.crop(tops, lefts, self.size, self.size)


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


class Pad(Augmentation):
    """`pixels` more on each side of a training image, for a crop to move in (He et al. 2016, section 4.2)."""

    kind: Literal["pad"] = "pad"
    pixels: Annotated[Count, Field(description="How many rows and columns are added on each side.")]
    fill: Fill = "mean"

    def output_shape(self, shape: Shape) -> Shape | None:
        if len(shape) != 3:
            return None
        return (shape[0], shape[1] + 2 * self.pixels, shape[2] + 2 * self.pixels)

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        from specnet.data.resample import padded

        return images.warp(lambda pixels, beyond: padded(pixels, self.pixels, beyond), self.fill)


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


class HorizontalFlip(Augmentation):
    """Each training image mirrored with probability one half (the paper, section 4.1)."""

    kind: Literal["horizontal_flip"] = "horizontal_flip"

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        return images.mirror(draws.uniforms(1)[:, 0] < 0.5)


class Cutout(Augmentation):
    """A square of `size` about a random pixel of each training image set to the mean that `normalize`
    subtracts; what of it lies beyond the edge is cut off (DeVries and Taylor 2017, section 3.2)."""

    kind: Literal["cutout"] = "cutout"
    size: Annotated[Count, Field(description="Height and width of the square.")]

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        import numpy as np

        _, height, width = images.shape
        down, right = draws.uniforms(2).T
        pixels = images.pixels()
        rows = np.arange(height) - ((down * height).astype(int) - self.size // 2)[:, None]
        columns = np.arange(width) - ((right * width).astype(int) - self.size // 2)[:, None]
        inside = ((line >= 0) & (line < self.size) for line in (rows, columns))
        tall, wide = inside
        np.copyto(pixels, 0, where=(tall[:, :, None] & wide[:, None, :])[:, None])
        return images.replace(pixels)


class Mixup(Augmentation):
    """Each training image mixed with another one of its batch, and so are the labels: part * image +
    (1 - part) * other, the part drawn from Beta(`alpha`, `alpha`) for each image (Zhang et al. 2018)."""

    kind: Literal["mixup"] = "mixup"
    alpha: Annotated[Positive, Field(description="0.2 mostly leaves images alone, 1 draws parts evenly.")]

    mixes = True

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        """An image's partner is the next one in a random order of the batch, the last one's the first."""
        import numpy as np

        order = draws.uniforms(1)[:, 0].argsort()
        partners = np.empty_like(order)
        partners[order] = np.roll(order, -1)
        return images.mix(partners, draws.betas(self.alpha))
