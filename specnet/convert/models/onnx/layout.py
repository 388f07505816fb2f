"""Operators that move values: flattening, joining, cutting, and what exporters build from them."""

from __future__ import annotations

import math
from typing import Any

from specnet.convert.models.onnx.folding import LARGEST, of_array
from specnet.convert.models.onnx.walk import Node, operator
from specnet.convert.models.rearranging import joined, kept, parted, reshaped, row, transposed
from specnet.convert.models.tidy import POOLS
from specnet.convert.models.values import Constant, Shown, Value, sizes_of


@operator("Flatten")
def flatten(node: Node) -> Value:
    value = node.value(0)
    if isinstance(value, Constant) or node.attributes.get("axis", 1) % (1 + len(sizes_of(value))) != 1:
        raise node.refuse("it joins images with one another; only those of the dimensions behind the batch's")
    return row(node, value)


@operator("Reshape")
def reshape(node: Node) -> Value:
    value, wanted = node.value(0), node.numbers(1, "shape")
    if isinstance(value, Constant):
        return _reshaped(node, value, wanted)
    sizes = [node.walk.batch, *sizes_of(value)]
    if not node.attributes.get("allowzero", 0):
        wanted = [sizes[i] if size == 0 and i < len(sizes) else size for i, size in enumerate(wanted)]
    return reshaped(node, value, wanted, node.walk.batch)


def _reshaped(node: Node, value: Constant, wanted: list[int]) -> Constant:
    total = math.prod(value.shape)
    sizes = [value.shape[i] if size == 0 and i < len(value.shape) else size for i, size in enumerate(wanted)]
    rest = math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and rest > 0 and total % rest == 0:
        sizes = [total // rest if size == -1 else size for size in sizes]
    if any(size < 0 for size in sizes) or math.prod(sizes) != total:
        raise node.refuse(f"{total} values do not make {wanted}")
    return value.moved(node.outputs[0], tuple(sizes), lambda array: array.reshape(sizes))


@operator("Transpose")
def transpose(node: Node) -> Value:
    value = node.value(0)
    if not isinstance(value, Constant):
        return transposed(node, value, list(node.attributes.get("perm", ())))
    axes = list(node.attributes.get("perm", range(len(value.shape))[::-1]))
    if sorted(axes) != list(range(len(value.shape))):
        raise node.refuse(f"{axes} are not the dimensions of a constant")
    shape = tuple(value.shape[axis] for axis in axes)
    return value.moved(node.outputs[0], shape, lambda array: array.transpose(axes))


@operator("Concat")
def concat(node: Node) -> Value:
    values = [node.value(index) for index in range(len(node.inputs))]
    axis = int(node.attributes.get("axis", 1))
    constants = [value for value in values if isinstance(value, Constant)]
    if len(constants) == len(values):
        import numpy as np

        if sum(math.prod(each.shape) for each in constants) > LARGEST:
            raise node.refuse("constants as large as these are not computed with")
        try:
            return of_array(node.outputs[0], np.concatenate([each.values for each in constants], axis))
        except ValueError:
            raise node.refuse("its constants do not fit each other") from None
    return joined(node, [value for value in values if not isinstance(value, Constant)], axis, len(values))


@operator("Split")
def split(node: Node) -> list[Shown]:
    part = node.part()
    if node.attributes.get("axis", 0) % (1 + len(part.shape)) != 1:
        raise node.refuse("it cuts something else than channels apart")
    count = len(node.outputs)
    if node.has(1) or "split" in node.attributes:
        sizes = node.numbers(1, "split")
    else:
        most = -(-part.shape[0] // count)
        sizes = [min(most, part.shape[0] - most * index) for index in range(count)]
    return [*parted(node, part, sizes, node.outputs)]


@operator("Slice")
def cut(node: Node) -> Value:
    value = node.value(0)
    starts, ends = node.numbers(1, "starts"), node.numbers(2, "ends")
    axes = node.numbers(3, "axes", range(len(starts)))
    steps = node.numbers(4, "steps", [1] * len(starts))
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise node.refuse("its starts, ends, axes and steps are not as many")
    if isinstance(value, Constant):
        return _sliced(node, value, [slice(*each) for each in zip(starts, ends, steps, strict=True)], axes)
    part = node.part()
    pads, apart = [0, 0, 0, 0], [1, 1]
    channels: tuple[int, int] | None = None
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis % (1 + len(part.shape))
        if place == 0 or step < 1 or (place == 1 and step > 1):
            raise node.refuse("it takes some of the images, or other channels than those in a row")
        first, last, _ = slice(start, end).indices(part.shape[place - 1])
        if place == 1:
            channels = (first, last)
        else:
            pads[2 * place - 4 : 2 * place - 2] = [-first, last - part.shape[place - 1]]
            apart[place - 2] = step
    if channels is not None and channels != (0, part.shape[0]):
        part = node.add("slice", [part], channels=list(channels))
    if any(step > 1 for step in apart):
        first_pixel = [-pads[0], -pads[2]]
        pads[0] = pads[2] = 0
        part = node.add("pad", [part], padding=pads) if any(pads) else part
        return node.add("subsample", [part], stride=apart, start=first_pixel)
    return node.add("pad", [part], padding=pads) if any(pads) else part


def _sliced(node: Node, value: Constant, cuts: list[slice], axes: list[int]) -> Constant:
    if math.prod(value.shape) > LARGEST:
        raise node.refuse("constants as large as these are not computed with")
    where: list[Any] = [slice(None)] * len(value.shape)
    for piece, axis in zip(cuts, axes, strict=True):
        if not -len(value.shape) <= axis < len(value.shape) or piece.step == 0:
            raise node.refuse("it cuts a constant along a dimension that it does not have")
        where[axis] = piece
    return of_array(node.outputs[0], value.values[tuple(where)])


@operator("Squeeze")
def squeeze(node: Node) -> Value:
    value = node.value(0)
    rank = len(value.shape) if isinstance(value, Constant) else 1 + len(node.part().shape)
    ones = (
        [axis for axis, size in enumerate(value.shape) if size == 1]
        if isinstance(value, Constant)
        else [2, 3]
    )
    axes = sorted(axis % rank for axis in node.numbers(1, "axes", ones))
    if isinstance(value, Constant):
        shape = tuple(size for axis, size in enumerate(value.shape) if axis not in axes)
        if math.prod(shape) != math.prod(value.shape):
            raise node.refuse("it takes away a dimension that is not 1")
        return value.moved(node.outputs[0], shape, lambda array: array.reshape(shape))
    part = node.part()
    if axes != [2, 3] or part.shape[1:] != (1, 1):
        raise node.refuse("it takes away other dimensions than the rows and columns of one pixel")
    return node.add("flatten", [part])


@operator("Unsqueeze")
def unsqueeze(node: Node) -> Value:
    value = node.value(0)
    added = node.numbers(1, "axes")
    if not isinstance(value, Constant):
        part = node.part()
        if (
            sorted(axis % (len(added) + 1 + len(part.shape)) for axis in added) != [2, 3]
            or len(part.shape) != 1
        ):
            raise node.refuse("it adds other dimensions than the rows and columns of one pixel")
        if part.kind not in POOLS:
            raise node.refuse("it makes an image of a row")
        return kept(node, part)
    rank = len(value.shape) + len(added)
    places = {axis % rank for axis in added}
    if len(places) != len(added):
        raise node.refuse(f"it adds the dimensions {added} to a constant of {len(value.shape)}")
    sizes = iter(value.shape)
    shape = tuple(1 if axis in places else next(sizes) for axis in range(rank))
    return value.moved(node.outputs[0], shape, lambda array: array.reshape(shape))


@operator("Shape")
def shape_of(node: Node) -> Value:
    import numpy as np

    value = node.value(0)
    sizes = value.shape if isinstance(value, Constant) else (node.walk.batch, *sizes_of(value))
    return of_array(node.outputs[0], np.asarray(sizes[slice(*_bounds(node))], np.int64))


def _bounds(node: Node) -> tuple[int | None, int | None]:
    return node.attributes.get("start", 0), node.attributes.get("end")


@operator("Gather")
def gather(node: Node) -> Value:
    import numpy as np

    value, places = node.constant(0), node.constant(1)
    if max(math.prod(value.shape), math.prod(places.shape)) > LARGEST:
        raise node.refuse("constants as large as these are not computed with")
    try:
        indices: Any = places.values
        return of_array(node.outputs[0], np.take(value.values, indices, axis=node.attributes.get("axis", 0)))
    except (IndexError, ValueError, TypeError):
        raise node.refuse("it takes values of a constant that are not there") from None
