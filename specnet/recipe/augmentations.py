"""What training images go through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from specnet.recipe.cropping import Cropping, Shape
from specnet.schema.fields import Count, Positive

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics
    from specnet.numerics.randomness import Draws

Fill = Annotated[
    Literal["mean", "black"],
    Field(description="What lies beyond the edge: what normalize subtracts, or grey level 0."),
]


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
