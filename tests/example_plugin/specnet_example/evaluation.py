"""`five_crop`: the corners and the centre of a test image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.recipe.evaluations import Evaluation
from specnet.schema.fields import Count

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch


class FiveCrop(Evaluation):
    """Average the answers to the four corners and the centre."""

    kind: Literal["five_crop"] = "five_crop"
    side: Annotated[Count, Field(description="Height and width; the network's input size.")]

    crop_field = "side"

    def views(self, images: ImageBatch) -> Iterator[ImageBatch]:
        _, height, width = images.shape
        down, right = height - self.side, width - self.side
        for top, left in ((0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)):
            yield images.crop(top, left, self.side, self.side)
