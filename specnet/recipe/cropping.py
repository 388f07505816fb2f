"""What may cut a square out of images: augmentations and evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from pydantic import ValidationError

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.plugins import Group
from specnet.schema.kinds import classes_of
from specnet.schema.strict import Strict
from specnet.syntax.document import Path_

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Channels:
    """How many channels images must have for a field of a part, why, and what else may be written."""

    field: str
    count: int
    why: str
    hint: str


class Crop(NamedTuple):
    """A crop in a recipe: where its size stands, and what becomes of images there."""

    path: Path_
    size: int
    out: Shape
    """Height and width after all parts that follow."""
    of: Shape | None = None
    """Height and width of the images that it is cut out of, where they are smaller."""


class Cropping(Strict):
    """Base of the parts of a recipe through which images go."""

    kind: str

    crop_field: ClassVar[str | None] = None
    """The field that holds the height and width of the square that it cuts out of every image, if it does."""

    def channels(self) -> Channels | None:
        """The number of channels that images must have, if it is not any."""
        return None

    def output_shape(self, shape: Shape) -> Shape | None:
        """The shape that images of `shape` come out with; None if they are too small."""
        if self.crop_field is None:
            return shape
        size: int = getattr(self, self.crop_field)
        return (shape[0], size, size) if len(shape) == 3 and size <= min(shape[1:]) else None


def written_crops(recipe: Mapping[str, Any]) -> Iterator[Crop]:
    """The crops in a recipe as it stands in a file, sound or not, that decide how large images come out, and
    those that the images are too small for by then."""
    last: list[tuple[Path_, int]] = []
    shape: Shape | None = None
    for path, part in _listed(recipe):
        sizes = list(_sizes(part, "specnet.augmentations", path))
        before, shape = shape, _after(part, shape)
        if sizes:
            if before is not None and shape is None:
                yield Crop(*sizes[0], before, of=before)
            last = sizes
            shape = (1, *[sizes[0][1]] * 2)
    for path, size in last:
        if shape is not None:
            yield Crop(path, size, shape[1:] if len(last) == 1 else (size, size))
    for path, size in _sizes(recipe.get("evaluate"), "specnet.evaluations", ("evaluate",)):
        yield Crop(path, size, (size, size))


def resized_without_crop(recipe: Mapping[str, Any], shape: Shape) -> tuple[Path_, Shape] | None:
    """The first part that makes images of another size where nothing cuts them back, and what those of
    `shape` come out as; None where they keep their size, or it is not known."""
    changed: Path_ | None = None
    after: Shape | None = shape
    for path, part in _listed(recipe):
        if list(_sizes(part, "specnet.augmentations", path)):
            return None
        after = _after(part, after)
        changed = path if changed is None and after not in (shape, None) else changed
    return (changed, after) if changed is not None and after is not None and after != shape else None


def wanted_channels(recipe: Mapping[str, Any]) -> Iterator[tuple[Path_, Channels]]:
    """What the sound parts of a recipe as it stands in a file say of the channels of images, and where."""
    parts: list[tuple[Path_, Any, Group]] = [
        (path, part, "specnet.augmentations") for path, part in _listed(recipe)
    ]
    parts.append((("normalize",), recipe.get("normalize"), "specnet.normalizations"))
    parts.append((("evaluate",), recipe.get("evaluate"), "specnet.evaluations"))
    for path, part, group in parts:
        sound = _sound(part, group)
        wanted = sound.channels() if sound is not None else None
        if wanted is not None:
            yield (*path, wanted.field), wanted


def mixing_kinds(recipe: Mapping[str, Any]) -> list[str]:
    """The kinds of the sound augmentations in a recipe, as it stands in a file, that mix images."""
    sound = (_sound(part, "specnet.augmentations") for _, part in _listed(recipe))
    return list(dict.fromkeys(part.kind for part in sound if part is not None and part.mixes))


def _listed(recipe: Mapping[str, Any]) -> Iterator[tuple[Path_, Any]]:
    augment = recipe.get("augment")
    for index, part in enumerate(augment if isinstance(augment, list) else []):
        yield ("augment", index), part


def _after(part: Any, shape: Shape | None) -> Shape | None:
    """What a part makes of images of `shape`; None where that is not known."""
    sound = _sound(part, "specnet.augmentations")
    if shape is None:
        return None
    if sound is not None:
        after: Shape | None = sound.output_shape(shape)
        return after
    classes = classes_of(part, "specnet.augmentations").values() if isinstance(part, dict) else ()
    kept = all(getattr(cls, "output_shape", None) is Cropping.output_shape for cls in classes)
    return shape if classes and kept else None


def _sound(part: Any, group: Group) -> Any:
    """A part of a recipe if nothing is wrong with it, else None."""
    if not isinstance(part, dict) or part.get("kind") not in plugins.names(group):
        return None
    with suppress(PluginError, ValidationError):
        return plugins.load(group, part["kind"]).model_validate(part)
    return None


def _sizes(part: Any, group: Group, path: Path_) -> Iterator[tuple[Path_, int]]:
    if not isinstance(part, dict):
        return
    classes = classes_of(part, group).values()
    for field in dict.fromkeys(cls.crop_field for cls in classes if issubclass(cls, Cropping)):
        size = part.get(field)
        if field and isinstance(size, int) and not isinstance(size, bool) and size >= 1:
            yield (*path, field), size
