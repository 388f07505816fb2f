"""The way from the layout of a file to the canonical one.

PyTorch lays tensors out as specnet does. Keras has convolution kernels (height, width, in, out), depthwise
ones (height, width, in, multiplier) and dense ones (in, out). What was flattened is in height, width, channel
order there: the rows of a dense kernel, and the values of a batch norm over a vector. Keras has no layer for
kernels that are not shared; specnet's own Keras model has these in the canonical layout.
"""

from __future__ import annotations

import math

import numpy as np

from specnet.convert.weights.names import Entry
from specnet.layers.base import Shape
from specnet.layers.conv import Conv, Convolution
from specnet.layers.scale import Scale
from specnet.numerics.randomness import Array


def torch_shapes(entry: Entry) -> list[Shape]:
    """The shapes that the tensor can have in a PyTorch file, the canonical one first.

    A layer scale is written with a size of 1 for rows and columns, too, as torchvision's ConvNeXt has it.
    """
    shape = entry.shape
    return [shape, (*shape, 1, 1)] if isinstance(entry.op.layer, Scale) else [shape]


def keras_shapes(entry: Entry) -> list[Shape]:
    """The shapes that the tensor can have in a Keras file, the usual one first."""
    shape = entry.shape
    if len(shape) < 2 or (isinstance(entry.op.layer, Conv) and not entry.op.layer.shared):
        return [shape]
    usual = (*shape[2:], shape[1], shape[0])
    multiplier = _multiplier(entry)
    return [usual] if multiplier is None else [usual, (*shape[2:], shape[0] // multiplier, multiplier)]


def _multiplier(entry: Entry) -> int | None:
    """Filters for each input channel, of a convolution that reads every channel on its own; else None."""
    multipliers: set[int] = set()
    for share in entry.shares:
        channels = share.input_shapes[0][0]
        if not isinstance(share.layer, Conv) or share.layer.groups != channels:
            return None
        multipliers.add(share.layer.filters // channels)
    return multipliers.pop() if len(multipliers) == 1 else None


def from_keras(array: Array, entry: Entry, order: list[Shape]) -> Array:
    """A Keras file's array as (out, in, ...). `order` is what `Flattening.order` returned."""
    if isinstance(entry.op.layer, Convolution):
        if array.ndim != 4:
            return array
        if array.shape == keras_shapes(entry)[0]:
            return array.transpose(3, 2, 0, 1)
        return array.transpose(2, 3, 0, 1).reshape(entry.shape)
    if not order:
        return array
    rows = array.reshape(len(array), -1)
    columns: list[Array] = []
    start = 0
    for channels, *window in order:
        pixels = rows[start : start + math.prod((channels, *window))]
        start += len(pixels)
        image = pixels.reshape(*window, channels, -1)
        columns.append(np.moveaxis(image, (-1, -2), (0, 1)).reshape(rows.shape[1], -1))
    joined = np.concatenate(columns, axis=1)
    return joined if array.ndim == 2 else joined.reshape(-1)
