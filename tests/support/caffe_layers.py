"""What a net of Caffe answers, layer by layer after Caffe's documentation and the comments of its layers,
with loops over windows. It reads protobuf's messages, and so nothing of what is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import ceil
from typing import Any

import numpy as np

Array = Any


def with_random_weights(net: Any, seed: int) -> Any:
    """The net with blobs for each layer that has weights, after one look at what each of them reads."""
    draw = np.random.default_rng(seed)
    shapes = forward(net, None, lambda layer, shape: _fill(layer, shape, draw))
    assert shapes
    return net


def forward(net: Any, images: Array, prepare: Callable[[Any, Any], None] | None = None) -> dict[str, Array]:
    """All blobs of a net in the state of testing."""
    blobs: dict[str, Array] = {}
    for name, shape in zip(net.input, net.input_shape, strict=False):
        blobs[name] = images if images is not None else np.zeros(tuple(shape.dim))
    for layer in net.layer:
        if layer.type == "Input":
            shape = tuple(layer.input_param.shape[0].dim)
            blobs[layer.top[0]] = images if images is not None else np.zeros(shape)
            continue
        read = [blobs[name] for name in layer.bottom]
        if prepare is not None:
            prepare(layer, read[0].shape)
        made = LAYERS[layer.type](layer, *read)
        tops = made if isinstance(made, list) else [made]
        blobs.update(zip(layer.top, tops, strict=True))
    return blobs


def _fill(layer: Any, shape: tuple[int, ...], draw: Any) -> None:
    sizes: list[tuple[int, ...]] = []
    if layer.type == "Convolution":
        said = layer.convolution_param
        sizes = [(said.num_output, shape[1] // (said.group or 1), *_both(said, "kernel", 1))]
        has_bias = not said.HasField("bias_term") or said.bias_term
        sizes += [(said.num_output,)] if has_bias else []
    if layer.type == "InnerProduct":
        own = layer.inner_product_param
        inner = int(np.prod(shape[1:]))
        sizes = [(inner, own.num_output) if own.transpose else (own.num_output, inner)]
        sizes += [(own.num_output,)] if not own.HasField("bias_term") or own.bias_term else []
    if layer.type == "BatchNorm":
        sizes = [(shape[1],), (shape[1],), (1,)]
    if layer.type in ("Scale", "Bias") and len(layer.bottom) == 1:
        sizes = [(shape[1],)] * (2 if layer.type == "Scale" and layer.scale_param.bias_term else 1)
    for index, size in enumerate(sizes):
        values = draw.standard_normal(size) / np.sqrt(float(np.prod(size[1:])))
        values = abs(values) + 1 if layer.type == "BatchNorm" and index else values
        blob = layer.blobs.add()
        blob.shape.dim.extend(size)
        blob.data.extend(values.astype(np.float32).reshape(-1))


def _blob(layer: Any, index: int) -> Array:
    blob = layer.blobs[index]
    return np.asarray(blob.data, np.float64).reshape(tuple(blob.shape.dim))


def _both(said: Any, name: str, default: int) -> tuple[int, int]:
    if said.HasField(f"{name}_h") or said.HasField(f"{name}_w"):
        return getattr(said, f"{name}_h"), getattr(said, f"{name}_w")
    plain = getattr(said, "kernel_size" if name == "kernel" else name)
    values = [plain] if isinstance(plain, int) else list(plain)
    values = [value for value in values if value or name == "pad"] or [default]
    return values[0], values[-1]


def _windows(
    shape: Any, kernel: Any, stride: Any, pad: Any, counts: Any
) -> Iterator[tuple[int, int, Any, Any]]:
    """Each window's place in the output, where it begins in the image and ends in the padded one."""
    for row, column in product(range(counts[0]), range(counts[1])):
        begin = [place * step - p for place, step, p in zip((row, column), stride, pad, strict=True)]
        end = [min(b + k, n + p) for b, k, n, p in zip(begin, kernel, shape, pad, strict=True)]
        yield row, column, begin, end


def conv(layer: Any, x: Array) -> Array:
    said = layer.convolution_param
    kernel, stride, pad = _both(said, "kernel", 1), _both(said, "stride", 1), _both(said, "pad", 0)
    spread = (said.dilation[0], said.dilation[-1]) if said.dilation else (1, 1)
    weight, groups = _blob(layer, 0), said.group or 1
    padded = np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
    reach = [d * (k - 1) + 1 for d, k in zip(spread, kernel, strict=True)]
    counts = [(n - r) // s + 1 for n, r, s in zip(padded.shape[2:], reach, stride, strict=True)]
    out = np.zeros((len(x), said.num_output, *counts))
    each, read = said.num_output // groups, x.shape[1] // groups
    for row, column in product(range(counts[0]), range(counts[1])):
        top, left = row * stride[0], column * stride[1]
        window = padded[:, :, top : top + reach[0] : spread[0], left : left + reach[1] : spread[1]]
        for group in range(groups):
            own = slice(group * each, (group + 1) * each)
            part = window[:, group * read : (group + 1) * read]
            out[:, own, row, column] = np.tensordot(part, weight[own], ([1, 2, 3], [1, 2, 3]))
    return out + _blob(layer, 1).reshape(1, -1, 1, 1) if len(layer.blobs) > 1 else out


def pool(layer: Any, x: Array) -> Array:
    said = layer.pooling_param
    shape = x.shape[2:]
    kernel = shape if said.global_pooling else _both(said, "kernel", 1)
    stride, pad = _both(said, "stride", 1), _both(said, "pad", 0)
    rounded = int if said.round_mode == 1 else ceil
    counts = [rounded((n + 2 * p - k) / s) + 1 for n, p, k, s in zip(shape, pad, kernel, stride, strict=True)]
    if any(pad):
        counts = [
            count - 1 if (count - 1) * s >= n + p else count
            for count, n, p, s in zip(counts, shape, pad, stride, strict=True)
        ]
    out = np.zeros((*x.shape[:2], *counts))
    for row, column, begin, end in _windows(shape, kernel, stride, pad, counts):
        seen = x[:, :, max(begin[0], 0) : end[0], max(begin[1], 0) : end[1]]
        area = (end[0] - begin[0]) * (end[1] - begin[1])
        out[:, :, row, column] = seen.max((2, 3)) if said.pool == 0 else seen.sum((2, 3)) / area
    return out


def lrn(layer: Any, x: Array) -> Array:
    said = layer.lrn_param
    size = said.local_size or 5
    alpha, beta = said.alpha if said.HasField("alpha") else 1.0, said.beta if said.HasField("beta") else 0.75
    half = size // 2
    if said.norm_region == 1:
        padded = np.pad(x**2, ((0, 0), (0, 0), (half, half), (half, half)))
        squares = sum(
            padded[:, :, i : i + x.shape[2], j : j + x.shape[3]] for i, j in product(range(size), range(size))
        )
        return x / (1 + alpha / size**2 * squares) ** beta
    padded = np.pad(x**2, ((0, 0), (half, half), (0, 0), (0, 0)))
    squares = sum(padded[:, i : i + x.shape[1]] for i in range(size))
    return x / ((said.k if said.HasField("k") else 1.0) + alpha / size * squares) ** beta


def inner_product(layer: Any, x: Array) -> Array:
    weight = _blob(layer, 0)
    out = x.reshape(len(x), -1) @ (weight if layer.inner_product_param.transpose else weight.T)
    return out + _blob(layer, 1) if len(layer.blobs) > 1 else out


def _along(values: Array, x: Array) -> Array:
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


def batch_norm(layer: Any, x: Array) -> Array:
    mean, variance, factor = (_blob(layer, index) for index in range(3))
    said = layer.batch_norm_param
    epsilon = said.eps if said.HasField("eps") else 1e-5
    return (x - _along(mean / factor, x)) / np.sqrt(_along(variance / factor, x) + epsilon)


def scale(layer: Any, x: Array, *gates: Array) -> Array:
    if gates:
        return x * gates[0].reshape(*gates[0].shape, *[1] * (x.ndim - gates[0].ndim))
    out = x * _along(_blob(layer, 0), x)
    return out + _along(_blob(layer, 1), x) if len(layer.blobs) > 1 else out


def eltwise(layer: Any, *parts: Array) -> Array:
    is_product = layer.eltwise_param.HasField("operation") and layer.eltwise_param.operation == 0
    return np.prod(parts, axis=0) if is_product else np.sum(parts, axis=0)


def slices(layer: Any, x: Array) -> list[Array]:
    points = list(layer.slice_param.slice_point) or len(layer.top)
    return list(np.split(x, points, axis=1))


def reshape(layer: Any, x: Array) -> Array:
    dims = list(layer.reshape_param.shape.dim)
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(dims)])


def softmax(_: Any, x: Array) -> Array:
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


LAYERS: dict[str, Callable[..., Any]] = {
    "Convolution": conv,
    "Pooling": pool,
    "LRN": lrn,
    "InnerProduct": inner_product,
    "BatchNorm": batch_norm,
    "Scale": scale,
    "Bias": lambda layer, x: x + _along(_blob(layer, 0), x),
    "ReLU": lambda layer, x: np.where(x > 0, x, layer.relu_param.negative_slope * x),
    "ELU": lambda layer, x: np.where(x > 0, x, layer.elu_param.alpha * np.expm1(x)),
    "TanH": lambda _, x: np.tanh(x),
    "Sigmoid": lambda _, x: 1 / (1 + np.exp(-x)),
    "BNLL": lambda _, x: np.logaddexp(0, x),
    "Power": lambda layer, x: layer.power_param.shift + layer.power_param.scale * x,
    "Dropout": lambda _, x: x,
    "Split": lambda layer, x: [x] * len(layer.top),
    "Concat": lambda _, *parts: np.concatenate(parts, 1),
    "Eltwise": eltwise,
    "Slice": slices,
    "Flatten": lambda _, x: x.reshape(len(x), -1),
    "Reshape": reshape,
    "Softmax": softmax,
    "Silence": lambda *_: [],
}
