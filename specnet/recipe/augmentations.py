"""What training images go through."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.schema.fields import Count, NonNegative
from specnet.schema.strict import Strict


class Augmentation(Strict):
    """Base of all augmentation kinds, registered in the entry-point group `specnet.augmentations`."""

    kind: str


class RandomCrop(Augmentation):
    """A window of `size` at a random place of each training image (the paper, section 4.1)."""

    kind: Literal["random_crop"] = "random_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]


class HorizontalFlip(Augmentation):
    """Each training image mirrored with probability one half (the paper, section 4.1)."""

    kind: Literal["horizontal_flip"] = "horizontal_flip"


class PCAColor(Augmentation):
    """Add the principal components of the pixels' colours, each times its eigenvalue times N(0, `std`).

    One draw for each image and epoch (the paper, section 4.1).
    """

    kind: Literal["pca_color"] = "pca_color"
    std: Annotated[NonNegative, Field(description="Standard deviation of the draws; the paper's is 0.1.")]
