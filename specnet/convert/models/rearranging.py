"""Values that are moved: flattened, cut into blocks, turned, joined and parted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from specnet.convert.models.draft import Part
from specnet.convert.models.tidy import POOLS
from specnet.convert.models.values import Operation, Seen, Shown, Value, sizes_of
from specnet.text import describe


def row(op: Operation, value: Part | Seen) -> Value:
    """An image as a row of numbers."""
    if isinstance(value, Seen):
        if value.how == "row":
            return value
        if value.how != "last":
            raise op.refuse("it flattens channels that stand in blocks")
        is_one = all(size == 1 for size in value.part.shape[1:])
        return op.add("flatten", [value.part]) if is_one else Seen(value.part, "row")
    return value if len(value.shape) == 1 else op.add("flatten", [value])


def reshaped(op: Operation, value: Part | Seen, wanted: Sequence[int], batch: int) -> Value:
    """An image of other sizes, the batch's first, of which one may be -1."""
    part = value.part if isinstance(value, Seen) else value
    sizes = [batch, *sizes_of(value)]
    total = math.prod(sizes)
    if list(wanted).count(-1) == 1:
        rest = math.prod(size for size in wanted if size != -1)
        if rest <= 0 or total % rest:
            raise op.refuse(f"{total} values do not make {list(wanted)}")
        wanted = [total // rest if size == -1 else size for size in wanted]
    if math.prod(wanted) != total or any(size <= 0 for size in wanted):
        raise op.refuse(f"{total} values do not make {list(wanted)}")
    if wanted[0] != sizes[0]:
        raise op.refuse("it puts values of several images into one, or cuts an image up")
    shape = tuple(wanted[1:])
    if shape == tuple(sizes[1:]):
        return value
    if isinstance(value, Seen) and value.how == "dealt":
        if shape == part.shape:
            return op.add("channel_shuffle", [part], groups=value.blocks)
        raise op.refuse("its channels were exchanged between blocks, and are not put together again")
    if shape == (total // sizes[0],):
        return row(op, value)
    if isinstance(value, Part) and _is_cut(shape, part.shape):
        return Seen(part, "blocks", shape[0])
    if isinstance(value, Part) and shape == (*part.shape, 1, 1) and part.kind in POOLS:
        return kept(op, part)
    raise op.refuse(f"it makes {describe(shape)} of {describe(part.shape)}, which has no meaning in a spec")


def _is_cut(shape: tuple[int, ...], image: tuple[int, ...]) -> bool:
    """Whether the channels, and nothing else, are cut into blocks."""
    return len(shape) == 1 + len(image) and shape[2:] == image[1:] and shape[0] * shape[1] == image[0]


def kept(op: Operation, part: Part) -> Part:
    """A pool over a whole image as an image of one pixel, not a row."""
    return op.add(part.kind, part.reads, name=part.name, keep_dims=True)


def transposed(op: Operation, value: Part | Seen, axes: list[int]) -> Value:
    """An image with its dimensions, the batch's first, in another order."""
    if isinstance(value, Part):
        if axes == list(range(1 + len(value.shape))):
            return value
        if len(value.shape) == 3 and axes == [0, 2, 3, 1]:
            return Seen(value, "last")
    elif value.how == "last" and axes == [0, 3, 1, 2]:
        return value.part
    elif value.how == "blocks" and axes == [0, 2, 1, 3, 4][: 2 + len(value.part.shape)]:
        return Seen(value.part, "dealt", value.blocks)
    raise op.refuse(f"dimensions in the order {axes} have no meaning in a spec")


def joined(op: Operation, values: Sequence[Part | Seen], axis: int, count: int) -> Value:
    """Images joined along their channels; `count` is how many values there are, constants included."""
    if len(values) < count:
        raise op.refuse("it joins what is computed with constants")
    if any(isinstance(value, Seen) for value in values):
        parts = [value.part for value in values if isinstance(value, Seen) and value.how == "last"]
        if len(parts) < len(values) or axis not in (3, -1):
            raise op.refuse("it joins images of which some have their channels last")
        return Seen(op.add("concat", parts), "last")
    images = [value for value in values if isinstance(value, Part)]
    if not images or axis % (1 + len(images[0].shape)) != 1:
        raise op.refuse("it joins something else than channels")
    return images[0] if len(images) == 1 else op.add("concat", images)


def parted(op: Operation, part: Part, sizes: Sequence[int], names: Sequence[str]) -> list[Shown]:
    """The channels of a layer in parts of these sizes; an empty name is one that nobody asks for."""
    if sum(sizes) != part.shape[0] or any(size <= 0 for size in sizes) or len(sizes) != len(names):
        raise op.refuse(f"{list(sizes)} channels are not the {part.shape[0]} that it reads")
    made: list[Shown] = []
    start = 0
    for name, size in zip(names, sizes, strict=True):
        made.append(op.add("slice", [part], name=name, channels=[start, start + size]) if name else None)
        start += size
    return made
