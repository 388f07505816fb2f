"""`hole`: training images with a square missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.recipe.augmentations import Augmentation
from specnet.schema.fields import Count

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics
    from specnet.numerics.randomness import Draws


class Hole(Augmentation):
    """A square of `side` at a random place of each image is set to the mean (DeVries and Taylor 2017)."""

    kind: Literal["hole"] = "hole"
    side: Annotated[Count, Field(description="Height and width of the square.")]

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        _, height, width = images.shape
        pixels = images.pixels()
        for image, (down, right) in zip(pixels, draws.uniforms(2), strict=True):
            top, left = int(down * height) - self.side // 2, int(right * width) - self.side // 2
            image[:, max(top, 0) : top + self.side, max(left, 0) : left + self.side] = 0
        return images.replace(pixels)
