"""What may cut a square out of images: augmentations and evaluations."""

from __future__ import annotations

from typing import ClassVar

from specnet.schema.strict import Strict

Shape = tuple[int, ...]


class Cropping(Strict):
    """Base of the parts of a recipe through which images go."""

    kind: str

    crop_field: ClassVar[str | None] = None
    """The field that holds the height and width of the square that it cuts out of every image, if it does."""

    def output_shape(self, shape: Shape) -> Shape | None:
        """The shape that images of `shape` come out with; None if they are too small."""
        if self.crop_field is None:
            return shape
        size: int = getattr(self, self.crop_field)
        return (shape[0], size, size) if len(shape) == 3 and size <= min(shape[1:]) else None
