"""What may cut a square out of images: augmentations and evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from specnet.plugins import Group
from specnet.schema.kinds import classes_of
from specnet.schema.strict import Strict
from specnet.syntax.document import Path_

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


def written_crops(recipe: Mapping[str, Any]) -> Iterator[tuple[Path_, int]]:
    """The sizes of the crops in a recipe as it stands in a file, sound or not, and where in it they stand."""
    augment = recipe.get("augment")
    listed = augment if isinstance(augment, list) else []
    for index, part in enumerate(listed):
        yield from _sizes(part, "specnet.augmentations", ("augment", index))
    yield from _sizes(recipe.get("evaluate"), "specnet.evaluations", ("evaluate",))


def _sizes(part: Any, group: Group, path: Path_) -> Iterator[tuple[Path_, int]]:
    if not isinstance(part, dict):
        return
    classes = classes_of(part, group).values()
    for field in dict.fromkeys(cls.crop_field for cls in classes if issubclass(cls, Cropping)):
        size = part.get(field)
        if field and isinstance(size, int) and not isinstance(size, bool) and size >= 1:
            yield (*path, field), size
