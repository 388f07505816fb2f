"""What is done to every pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from specnet.schema.fields import Positive
from specnet.schema.strict import Strict

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics


class Normalization(Strict):
    """Base of all normalization kinds, registered in the entry-point group `specnet.normalizations`.

    Training images are augmented between `center` and `rescale`, so that augmentations work in grey levels.
    """

    kind: str

    needs_statistics: ClassVar[bool] = True
    """Whether it reads the statistics, which are else not measured."""

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        """What is done to images as they are read, their pixels being 0 to 255."""
        return images

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        """What is done to images in the end."""
        return images


class MeanImage(Normalization):
    """Subtract the mean image of the training set (the paper, section 2), then multiply by `scale`."""

    kind: Literal["mean_image"] = "mean_image"
    scale: Annotated[Positive, Field(description="What pixels are multiplied by afterwards.")] = 1.0

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.subtract, statistics.mean)

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images if self.scale == 1 else images.calculate(np.multiply, self.scale)


class Standardize(Normalization):
    """Subtract each channel's mean over the training set and divide by its standard deviation."""

    kind: Literal["standardize"] = "standardize"

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        every_pixel = tuple(range(1, statistics.mean.ndim))
        return images.calculate(np.subtract, statistics.mean.mean(axis=every_pixel))

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.divide, np.where(statistics.std > 0, statistics.std, 1))
