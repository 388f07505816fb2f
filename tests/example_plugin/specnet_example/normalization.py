"""`per_image`: every image has mean 0 and standard deviation 1, whatever its light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.recipe.normalizations import Normalization
from specnet.schema.fields import Positive

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics


class PerImage(Normalization):
    """Subtract each image's mean; in the end, divide by its standard deviation, or by `least` if larger."""

    kind: Literal["per_image"] = "per_image"
    least: Annotated[Positive, Field(description="What is divided by at least.")] = 1.0

    needs_statistics = False

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.subtract, images.pixels().mean(axis=(1, 2, 3))[:, None])

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        spread = np.maximum(images.pixels().std(axis=(1, 2, 3)), self.least)
        return images.calculate(np.divide, spread[:, None])
