"""Which part of a test image is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.recipe.cropping import Cropping
from specnet.schema.fields import Count

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch


class Evaluation(Cropping):
    """Base of all evaluation kinds, which are registered in the entry-point group `specnet.evaluations`."""

    def views(self, images: ImageBatch) -> Iterator[ImageBatch]:
        """What the network looks at to classify test images: its answers to all views are averaged."""
        raise NotImplementedError


class CenterCrop(Evaluation):
    """Evaluate the window of `size` in the middle of each image."""

    kind: Literal["center_crop"] = "center_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]

    crop_field = "size"

    def views(self, images: ImageBatch) -> Iterator[ImageBatch]:
        _, height, width = images.shape
        yield images.crop((height - self.size) // 2, (width - self.size) // 2, self.size, self.size)


class TenCrop(Evaluation):
    """Average the softmax over the four corners, the centre, and their mirrors (the paper, section 4.1)."""

    kind: Literal["ten_crop"] = "ten_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]

    crop_field = "size"

    def views(self, images: ImageBatch) -> Iterator[ImageBatch]:
        _, height, width = images.shape
        bottom, right = height - self.size, width - self.size
        for top, left in ((0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)):
            window = images.crop(top, left, self.size, self.size)
            yield window
            yield window.mirror()
