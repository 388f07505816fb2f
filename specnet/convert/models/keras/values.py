"""Layers that move values, or join those of several layers."""

from __future__ import annotations

import math

from specnet.convert.models.draft import UnsayableError
from specnet.convert.models.keras.entry import Entry, Value, alike, layer, shown
from specnet.text import describe


@layer("Dropout")
def dropout(entry: Entry) -> Value:
    shape = entry.get("noise_shape")
    if isinstance(shape, list) and any(size is not None for size in shape):
        raise entry.refuse("units that are dropped together are not known here")
    value = entry.value()
    return alike(value, entry.add("dropout", [value.part], rate=entry.number("rate")))


@layer("Flatten")
def flatten(entry: Entry) -> Value:
    """With its channels last, an image comes out in another order than here; `channels_first` asks Keras to
    put them last before."""
    value, has_moved = entry.value(), entry.get("data_format") == "channels_first"
    entry.only("data_format", "channels_last", "channels_first")
    if value.is_image and has_moved and entry.setting.is_last:
        raise entry.refuse("it moves the rows of an image behind its channels, which is not known here")
    return _row(entry, value, is_last=has_moved or entry.setting.is_last)


def _row(entry: Entry, value: Value, *, is_last: bool) -> Value:
    if not value.is_image or value.is_pixel:
        return Value(value.part, value.pieces)
    made = entry.add("flatten", [value.part])
    is_moved = is_last and value.part.shape[0] > 1 and math.prod(value.part.shape[1:]) > 1
    return Value(made, (value.part.shape,) if is_moved else ())


@layer("Reshape")
def reshape(entry: Entry) -> Value:
    """To a row; of a row to an image of one pixel; and what leaves the sizes as they are."""
    value, target = entry.value(), entry.get("target_shape")
    if not isinstance(target, list) or not all(type(size) is int and -1 <= size < 10**9 for size in target):
        raise entry.refuse(f"its target_shape is {shown(target)}")
    total, known = math.prod(value.part.shape), math.prod(size for size in target if size != -1)
    if target.count(-1) > 1 or not known or (total % known if -1 in target else total != known):
        raise entry.refuse(f"it makes {shown(target)} of {total:,} values")
    sizes = [total // known if size == -1 else size for size in target]
    if len(sizes) == 1:
        return _row(entry, value, is_last=entry.setting.is_last)
    is_last, held = entry.setting.is_last, value.part.shape
    if len(held) == 3 and sizes == ([*held[1:], held[0]] if is_last else list(held)):
        return value
    if len(held) == 1 and sizes == ([1, 1, total] if is_last else [total, 1, 1]):
        source = value.part.reads[0] if value.part.kind == "flatten" else None
        if source is not None and source.shape == (total, 1, 1):
            return Value(source)
        return Value(value.part, value.pieces, is_pixel=True)
    raise entry.refuse(
        f"{describe(held)} cannot be put into other sizes here",
        "a row can, and a row as an image of one pixel",
    )


@layer("Add")
def add(entry: Entry) -> Value:
    return alike(_like_values(entry), entry.add("add", [value.part for value in entry.inputs]))


@layer("Multiply")
def multiply(entry: Entry) -> Value:
    """Of values in one order; or of an image by a number for each channel, which may be a row."""
    images = [value for value in entry.inputs if value.is_image and not value.is_pixel]
    if not images:
        return alike(_like_values(entry), entry.add("multiply", [value.part for value in entry.inputs]))
    if any(not value.is_image or value.pieces for value in entry.inputs):
        raise entry.refuse("it multiplies an image by a row along its columns, which is not known here")
    return Value(entry.add("multiply", [value.part for value in entry.inputs]))


@layer("Concatenate")
def concatenate(entry: Entry) -> Value:
    axis = entry.get("axis", -1)
    for value in entry.inputs:
        entry.check_channel_axis(axis, value)
        if value.is_pixel:
            raise entry.refuse("it joins a row that was made an image of one pixel")
    parts = [value.part for value in entry.inputs]
    if len({value.is_image for value in entry.inputs}) > 1:
        raise entry.refuse("it joins images and rows")
    if not any(value.pieces for value in entry.inputs):
        return Value(entry.add("concat", parts))
    pieces = [piece for value in entry.inputs for piece in value.pieces or (value.part.shape,)]
    if len(pieces) > 10_000:
        raise entry.refuse("it joins more than 10,000 flattened images")
    return Value(entry.add("concat", parts), tuple(pieces))


def _like_values(entry: Entry) -> Value:
    """The first of several inputs whose values stand in the same order."""
    first = entry.inputs[0] if entry.inputs else None
    if first is None or len(entry.inputs) < 2:
        raise entry.refuse("it reads fewer than two layers")
    for value in entry.inputs:
        if value.part.shape != first.part.shape:
            shapes = f"{describe(first.part.shape)} and {describe(value.part.shape)}"
            raise UnsayableError(entry.place, f"{shapes} do not fit")
        if value.pieces != first.pieces or value.is_pixel != first.is_pixel:
            raise entry.refuse("it reads rows whose values stand in different orders")
    return first
