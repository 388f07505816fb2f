"""The way between a canonical array and the layout of a file.

PyTorch lays tensors out as specnet does. Keras has convolution kernels (height, width, in, out) and dense
ones (in, out), whose rows are in height, width, channel order where an image was flattened.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from specnet.layers.base import Shape
from specnet.layers.conv import Conv
from specnet.layers.dense import Dense
from specnet.randomness import Array
from specnet.weights.files import Layout
from specnet.weights.names import Entry

Shapes = Mapping[str, Shape]
"""The shape of every value of the plan, by the value's name."""


def is_known(entry: Entry, layout: Layout) -> bool:
    """Whether the layout of a tensor is known: Keras's is not for matrices of kinds from other packages."""
    return layout == "torch" or len(entry.shape) < 2 or isinstance(entry.step.layer, Conv | Dense)


def file_shape(entry: Entry, layout: Layout) -> Shape:
    """The shape that the tensor has in a file."""
    shape = entry.shape
    if layout == "torch" or len(shape) < 2:
        return shape
    return (*shape[2:], shape[1], shape[0])


def to_canonical(array: Array, entry: Entry, layout: Layout, shapes: Shapes) -> Array:
    """A file's array as (out, in, ...), all shares of the entry stacked."""
    if layout == "torch" or array.ndim < 2:
        return array
    if isinstance(entry.step.layer, Conv):
        return array.transpose(3, 2, 0, 1)
    units = array.shape[1]
    columns: list[Array] = []
    start = 0
    for channels, *window in _flattened(entry, shapes):
        rows = array[start : start + math.prod((channels, *window))]
        start += len(rows)
        pixels = rows.reshape(*window, channels, units)
        columns.append(np.moveaxis(pixels, (-1, -2), (0, 1)).reshape(units, -1))
    return np.concatenate(columns, axis=1)


def _flattened(entry: Entry, shapes: Shapes) -> list[Shape]:
    """The shapes of the values that were flattened one by one, in order."""
    if entry.separate:
        return [shapes[value] for value in entry.step.values]
    return [entry.step.input_shapes[0]]
