"""What a layer function takes and gives in TensorFlow, and what several of them share.

A function takes the operation, its arguments (one tensor each, batch first and channels last), the parameters
by role in their native layouts, and the circumstances of the run. It returns the output before the layer's
activation function, which is applied for it. A parameter whose native layout differs from the canonical one
is registered with a `Layout`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from specnet.backend import fast_paths
from specnet.backend.kinds import Kinds, Run
from specnet.layers.window import Pads
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute

Tensor = Any
Weights = Mapping[str, Tensor]


def _same(array: Array, op: Compute) -> Array:
    return array


@dataclass(frozen=True, slots=True)
class Layout:
    """The way between a parameter's canonical layout and TensorFlow's."""

    to_native: Callable[[Array, Compute], Array] = _same
    to_canonical: Callable[[Array, Compute], Array] = _same


LayerFunction = Callable[[Compute[Any], Sequence[Tensor], Weights, Run[Tensor]], Tensor]


@dataclass(frozen=True, slots=True)
class Implementation:
    """A kind's function, and the layouts of the parameters that are laid out differently."""

    function: LayerFunction
    layouts: Mapping[str, Layout]

    def layout(self, role: str) -> Layout:
        return self.layouts.get(role, Layout())


kinds: Kinds[Implementation] = Kinds("tensorflow", "layer")


def layer(kind: str, **layouts: Layout) -> Callable[[LayerFunction], LayerFunction]:
    """Register the function that carries out a kind, with layouts by role."""

    def register(function: LayerFunction) -> LayerFunction:
        kinds(kind)(Implementation(function, layouts))
        return function

    return register


def channels_last(array: NDArray[Any]) -> NDArray[Any]:
    """(n, channels, height, width) -> (n, height, width, channels), for any number of sizes."""
    return np.moveaxis(array, 1, -1)


def channels_first(array: NDArray[Any]) -> NDArray[Any]:
    """(n, height, width, channels) -> (n, channels, height, width), for any number of sizes."""
    return np.moveaxis(array, -1, 1)


def padded(x_nhwc: Tensor, pads: Pads, value: float) -> Tensor:
    """The image with rows and columns of `value` around it."""
    if not any(pads):
        return x_nhwc
    around = [[0, 0], [pads.top, pads.bottom], [pads.left, pads.right], [0, 0]]
    return tf.pad(x_nhwc, around, constant_values=tf.cast(value, x_nhwc.dtype))


def with_bias(x: Tensor, weights: Weights) -> Tensor:
    """`x` plus the layer's biases along the channels, if it has any."""
    if "bias" not in weights:
        return x
    if len(x.shape) == 2 and fast_paths.enabled():
        return _add_bias(x, weights["bias"], tf.float64)
    if x.dtype == tf.bfloat16:
        return _add_bias(x, weights["bias"], tf.float32)
    return tf.nn.bias_add(x, weights["bias"])


def _add_bias(x: Tensor, bias: Tensor, dtype: Any) -> Tensor:
    """Its gradient is summed in a type of its own: in float64 it is the same in whatever order. TensorFlow
    sums bfloat16 in bfloat16, where a long sum stands still."""

    @tf.custom_gradient
    def add(x: Tensor, bias: Tensor) -> tuple[Tensor, Any]:
        def backward(gradient: Tensor) -> tuple[Tensor, Tensor]:
            axes = list(range(len(x.shape) - 1))
            return gradient, tf.cast(tf.reduce_sum(tf.cast(gradient, dtype), axes), bias.dtype)

        return tf.nn.bias_add(x, bias), backward

    sum_: Tensor = add(x, bias)
    return sum_
