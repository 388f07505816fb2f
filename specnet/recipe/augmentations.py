"""What training images go through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from specnet.recipe.cropping import Cropping
from specnet.schema.fields import Count, NonNegative

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics
    from specnet.numerics.randomness import Draws


class Augmentation(Cropping):
    """Base of all augmentation kinds, registered in the entry-point group `specnet.augmentations`."""

    needs_statistics: ClassVar[bool] = False
    """Whether `apply` reads the statistics, which are else not measured."""

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


class HorizontalFlip(Augmentation):
    """Each training image mirrored with probability one half (the paper, section 4.1)."""

    kind: Literal["horizontal_flip"] = "horizontal_flip"

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        return images.mirror(draws.uniforms(1)[:, 0] < 0.5)


class PCAColor(Augmentation):
    """Add the principal components of the pixels' colours, each times its eigenvalue times N(0, `std`).

    One draw for each image and epoch (the paper, section 4.1).
    """

    kind: Literal["pca_color"] = "pca_color"
    std: Annotated[NonNegative, Field(description="Standard deviation of the draws; the paper's is 0.1.")]

    needs_statistics = True

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        """The paper names no unit. Eigenvalues here are those of pixels scaled to [0, 1], and the shift is
        brought back to 0 to 255: about 2 grey levels on photographs at a standard deviation of 0.1."""
        import numpy as np

        weights = self.std * draws.normals(len(statistics.color_values)) * statistics.color_values
        return images.calculate(np.add, weights @ statistics.color_vectors.T * 255)


class Brightness(Augmentation):
    """Add one number to all pixels of a training image: 255 times N(0, `std`), one draw for each image and
    epoch."""

    kind: Literal["brightness"] = "brightness"
    std: Annotated[NonNegative, Field(description="Standard deviation of the shift, for pixels of 0 to 1.")]

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.add, 255 * self.std * draws.normals(1))
