"""The built-in layer kinds in TensorFlow. Images are channels-last here.

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
from specnet.layers.activation import Activation
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.conv import Conv
from specnet.layers.dropout import Dropout
from specnet.layers.lrn import LRN
from specnet.layers.pool import AvgPool, MaxPool
from specnet.layers.window import Pads
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute
from specnet_tensorflow import activations, fast

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


CONV_WEIGHT = Layout(
    to_native=lambda w, op: w.transpose(2, 3, 1, 0),
    to_canonical=lambda w, op: w.transpose(3, 2, 0, 1),
)


@layer("conv", weight=CONV_WEIGHT)
def conv(op: Compute[Conv], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    x, padding = fast.convolution_padding(settings, pads, x, op.input_shapes[0])
    # Blocks one by one: TensorFlow's grouped convolution is many times slower on a CPU.
    count, weight = settings.groups, weights["weight"]
    images = tf.split(x, count, axis=-1) if count > 1 else [x]
    kernels = tf.split(weight, count, axis=-1) if count > 1 else [weight]
    blocks = [tf.nn.conv2d(i, k, settings.stride, padding) for i, k in zip(images, kernels, strict=True)]
    output = blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=-1)
    return with_bias(output, weights)


def _dense_native(weight: Array, op: Compute) -> Array:
    """(units, channels * height * width) -> (height * width * channels, units)."""
    units, shape = weight.shape[0], op.input_shapes[0]
    return np.moveaxis(weight.reshape(units, *shape), (0, 1), (-1, -2)).reshape(-1, units)


def _dense_canonical(kernel: Array, op: Compute) -> Array:
    units, (channels, *window) = kernel.shape[1], op.input_shapes[0]
    return np.moveaxis(kernel.reshape(*window, channels, units), (-1, -2), (0, 1)).reshape(units, -1)


@layer("dense", weight=Layout(_dense_native, _dense_canonical))
def dense(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    rows = tf.reshape(inputs[0], [-1, weights["weight"].shape[0]])
    return with_bias(tf.matmul(rows, weights["weight"]), weights)


@layer("max_pool")
def max_pool(op: Compute[MaxPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings = op.layer
    pads = settings.window(op.input_shapes[0])[0]
    return fast.max_pool(padded(inputs[0], pads, float("-inf")), settings.kernel, settings.stride)


@layer("avg_pool")
def avg_pool(op: Compute[AvgPool], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    pads = settings.window(op.input_shapes[0])[0]
    mean = tf.nn.avg_pool2d(padded(x, pads, 0.0), settings.kernel, settings.stride, "VALID")
    if not any(pads):
        return mean
    pixels = padded(tf.ones([1, *op.input_shapes[0][1:], 1], x.dtype), pads, 0.0)
    return mean / tf.nn.avg_pool2d(pixels, settings.kernel, settings.stride, "VALID")


@layer("global_avg_pool")
def global_avg_pool(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return tf.reduce_mean(inputs[0], axis=[1, 2])


@layer("lrn")
def lrn(op: Compute[LRN], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    """The sum over neighbouring maps is a 1x1 convolution of the squares with a band of ones.

    TensorFlow's own kernel has no float64.
    """
    settings, (x,) = op.layer, inputs
    channels = op.input_shapes[0][0]
    reach = min(settings.size // 2, channels - 1)  # TensorFlow refuses a band wider than the matrix
    band = tf.linalg.band_part(tf.ones([channels, channels], x.dtype), reach, reach)
    fused = fast.lrn(settings, x, band)
    if fused is not None:
        return fused
    sums = tf.nn.conv2d(x * x, band[None, None], 1, "VALID")
    return x * tf.pow(settings.k + settings.scale() * sums, -settings.beta)


@layer("batch_norm")
def batch_norm(
    op: Compute[BatchNorm], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    settings, (x,) = op.layer, inputs
    mean, var = weights["running_mean"], weights["running_var"]
    dtype, x = x.dtype, tf.cast(x, mean.dtype)
    if run.training:
        normal, batch_mean, batch_var = _normalized(settings, x, weights)
        for running, batch in ((mean, batch_mean), (var, batch_var)):
            running.assign(running + (1 - settings.momentum) * (tf.stop_gradient(batch) - running))
    else:
        normal = tf.nn.batch_normalization(x, mean, var, weights["bias"], weights["weight"], settings.epsilon)
    return tf.cast(normal, dtype)


def _normalized(settings: BatchNorm, x: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """A batch normalized by its own statistics, its means and its variances without Bessel's correction."""
    fused = fast.batch_norm(settings, x, weights["weight"], weights["bias"])
    if fused is not None:
        return fused
    mean, var = tf.nn.moments(x, axes=list(range(len(x.shape) - 1)))
    normal = tf.nn.batch_normalization(x, mean, var, weights["bias"], weights["weight"], settings.epsilon)
    return normal, mean, var


@layer("dropout")
def dropout(op: Compute[Dropout], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    stay = 1 - settings.rate
    if not run.training:
        return x * stay if settings.scale_at == "test" else tf.identity(x)
    if run.keep is None:
        dropped = tf.nn.dropout(x, settings.rate)
        return dropped * stay if settings.scale_at == "test" else dropped
    kept = x * tf.cast(run.keep, x.dtype)
    return kept if settings.scale_at == "test" else kept / stay


@layer("activation")
def activation(
    op: Compute[Activation], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    return activations.find(op, op.layer.function)(inputs[0])


@layer("flatten")
def flatten(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    (x,) = inputs
    rank = len(x.shape)
    if rank > 2:
        x = tf.transpose(x, [0, rank - 1, *range(1, rank - 1)])
    return tf.reshape(x, [-1, op.output_shape[0]])


@layer("concat")
def concat(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return tf.identity(inputs[0])


@layer("add")
def add(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    total = tf.identity(inputs[0])
    for other in inputs[1:]:
        total = total + other
    return total
