"""The way from the layout of a file to the canonical one.

PyTorch lays tensors out as specnet does. Keras has convolution kernels (height, width, in, out) and dense
ones (in, out), whose rows are in height, width, channel order where an image was flattened.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from specnet.layers.activation import Activation
from specnet.layers.base import Shape
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.conv import Conv
from specnet.layers.dense import Dense
from specnet.layers.dropout import Dropout
from specnet.layers.flatten import Flatten
from specnet.layers.merge import Add, Concat
from specnet.plan import Compute, Step, Transfer
from specnet.randomness import Array
from specnet.weights.names import Entry

Steps = Mapping[str, Step]
"""The steps of the plan by name."""


def torch_shape(entry: Entry) -> Shape:
    """The shape that the tensor has in a PyTorch file: the canonical one."""
    return entry.shape


def keras_shape(entry: Entry) -> Shape:
    """The shape that the tensor has in a Keras file."""
    shape = entry.shape
    return (*shape[2:], shape[1], shape[0]) if len(shape) > 1 else shape


def from_keras(array: Array, entry: Entry, order: list[Shape]) -> Array:
    """A Keras file's array as (out, in, ...). `order` is what `keras_order` returned."""
    layer = entry.step.layer
    if isinstance(layer, Conv) and array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if not isinstance(layer, Dense) or array.ndim != 2:
        return array
    units = array.shape[1]
    columns: list[Array] = []
    start = 0
    for channels, *window in order:
        rows = array[start : start + math.prod((channels, *window))]
        start += len(rows)
        pixels = rows.reshape(*window, channels, units)
        columns.append(np.moveaxis(pixels, (-1, -2), (0, 1)).reshape(units, -1))
    return np.concatenate(columns, axis=1)


def keras_order(entry: Entry, steps: Steps, *, own: bool) -> list[Shape] | None:
    """The shapes of the images that were flattened one by one into what the layer reads.

    None where Keras's layout cannot be known: for a matrix of a kind from another package, and for values
    of each pixel that follow a flatten. `own` says that the file was saved from specnet's own Keras model,
    which flattens in the canonical order.
    """
    step = entry.step
    if len(entry.shape) > 1 and not isinstance(step.layer, Conv | Dense):
        return None
    if own or isinstance(step.layer, Conv):
        return [step.input_shapes[0]]
    pieces = _pieces_of(step, steps)
    if pieces is None:
        return None
    if not isinstance(step.layer, Dense):
        flattened = len(step.input_shapes[0]) == 1 and any(len(shape) > 1 for shape in pieces)
        return None if flattened else pieces
    windows = {shape[1:] for shape in pieces}
    if not entry.separate and len(windows) == 1:
        return [(sum(shape[0] for shape in pieces), *windows.pop())]
    return pieces


def _pieces_of(step: Compute, steps: Steps) -> list[Shape] | None:
    """The images behind everything that a step reads, in order."""
    found: list[Shape] = []
    for value in step.values if not isinstance(step.layer, Add) else step.arguments[0]:
        pieces = _pieces(value, steps)
        if pieces is None:
            return None
        found += pieces
    return found


def _pieces(value: str, steps: Steps) -> list[Shape] | None:
    """The images that were flattened into a value one by one; the value itself if nothing was flattened."""
    step = steps[value]
    while isinstance(step, Transfer):
        step = steps[step.source]
    shape = step.output_shape
    if not isinstance(step, Compute) or len(shape) > 1:
        return [shape]
    if isinstance(step.layer, Flatten) and len(step.input_shapes[0]) > 1:
        return [step.input_shapes[0]]
    if isinstance(step.layer, Flatten | Dropout | Activation | BatchNorm | Concat | Add):
        return _pieces_of(step, steps)
    if isinstance(step.layer, Dense) or all(len(read) > 1 for read in step.input_shapes):
        return [shape]
    below = _pieces_of(step, steps)
    return [shape] if below is not None and all(len(piece) == 1 for piece in below) else None
