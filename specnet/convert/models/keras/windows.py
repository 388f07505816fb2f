"""Layers with a window: convolutions, pools, and what is put around an image or cut off."""

from __future__ import annotations

from typing import Any

from specnet.convert.models.keras.entry import Entry, Value, layer
from specnet.convert.models.keras.functions import applied


def _window(entry: Entry, kernel: str, stride: list[int]) -> dict[str, Any]:
    """Kernel, stride and padding as fields. Keras rounds down, and its `same` is TensorFlow's."""
    entry.check_format()
    entry.only("padding", "same", "valid")
    padding = "same" if entry.get("padding") == "same" else None
    return {"kernel": entry.pair(kernel), "stride": stride, "padding": padding, "rounding": "floor"}


def _bias(entry: Entry, place: int, units: int) -> tuple[dict[str, Any], str | None]:
    """Where the biases are, and the field `bias`."""
    if not entry.flag("use_bias", True):
        return {}, "none"
    return {"bias": (place, ("bias",), (units,), _same)}, None


def _same(values: Any) -> Any:
    return values


@layer("Conv2D", "Convolution2D")
def conv(entry: Entry) -> Value:
    part, filters, groups = entry.image(), entry.whole("filters"), entry.whole("groups", 1)
    window = _window(entry, "kernel_size", entry.pair("strides", 1))
    shape = (*window["kernel"], part.shape[0] // max(groups, 1), filters)
    biases, bias = _bias(entry, 1, filters)
    weights = entry.weights(weight=(0, ("kernel",), shape, lambda w: w.transpose(3, 2, 0, 1)), **biases)
    fields = {**window, "dilation": entry.pair("dilation_rate", 1), "groups": groups, "bias": bias}
    return applied(entry, Value(entry.add("conv", [part], "", weights, filters=filters, **fields)))


@layer("DepthwiseConv2D")
def depthwise(entry: Entry) -> Value:
    made = _depthwise(
        entry, "", *_bias(entry, 1, entry.image().shape[0] * entry.whole("depth_multiplier", 1))
    )
    return applied(entry, made)


def _depthwise(entry: Entry, name: str, biases: dict[str, Any], bias: str | None) -> Value:
    """Kernels (height, width, in, multiplier), each input channel's outputs one after another."""
    part, times = entry.image(), entry.whole("depth_multiplier", 1)
    channels = part.shape[0]
    window = _window(entry, "kernel_size", entry.pair("strides", 1))
    shape = (*window["kernel"], channels, times)
    names = ("depthwise_kernel", "kernel")

    def moved(kernels: Any) -> Any:
        return kernels.transpose(2, 3, 0, 1).reshape(channels * times, 1, *window["kernel"])

    weights = entry.weights(weight=(0, names, shape, moved), **biases)
    fields = {**window, "dilation": entry.pair("dilation_rate", 1), "groups": channels, "bias": bias}
    return Value(entry.add("conv", [part], name, weights, filters=channels * times, **fields))


@layer("SeparableConv2D", "SeparableConvolution2D")
def separable(entry: Entry) -> Value:
    """A convolution of each channel alone, and one of single pixels behind it."""
    first = _depthwise(entry, f"{entry.name}.depthwise", {}, "none").part
    filters = entry.whole("filters")
    biases, bias = _bias(entry, 2, filters)
    shape = (1, 1, first.shape[0], filters)
    weights = entry.weights(
        weight=(1, ("pointwise_kernel",), shape, lambda w: w.transpose(3, 2, 0, 1)), **biases
    )
    name = f"{entry.name}.pointwise"
    made = entry.add("conv", [first], name, weights, filters=filters, kernel=1, bias=bias)
    return applied(entry, Value(made))


@layer("MaxPooling2D", "MaxPool2D", "AveragePooling2D", "AvgPool2D")
def pool(entry: Entry) -> Value:
    size = entry.pair("pool_size", 2)
    stride = entry.pair("strides") if entry.get("strides") is not None else size
    fields = {**_window(entry, "pool_size", stride), "kernel": size}
    return Value(
        entry.add("max_pool" if entry.kind.startswith("Max") else "avg_pool", [entry.image()], **fields)
    )


@layer("GlobalAveragePooling2D", "GlobalAvgPool2D", "GlobalMaxPooling2D", "GlobalMaxPool2D")
def global_pool(entry: Entry) -> Value:
    entry.check_format()
    kind = "global_max_pool" if "Max" in entry.kind else "global_avg_pool"
    made = entry.add(kind, [entry.image()], keep_dims=True)
    if entry.flag("keepdims", False):
        return Value(made)
    return Value(entry.add("flatten", [made], f"{entry.name}.flatten"))


@layer("ZeroPadding2D")
def zeros(entry: Entry) -> Value:
    return Value(entry.add("pad", [entry.image()], padding=_sides(entry, "padding")))


@layer("Cropping2D")
def cropping(entry: Entry) -> Value:
    return Value(entry.add("pad", [entry.image()], padding=[-pixels for pixels in _sides(entry, "cropping")]))


def _sides(entry: Entry, key: str) -> list[int]:
    """Pixels at the top, bottom, left and right, of `n`, `[rows, columns]` or a pair for each of these."""
    entry.check_format()
    value = entry.get(key, 1 if key == "padding" else 0)
    both = value if isinstance(value, list) else [value, value]
    sides = [side for pair in both for side in (pair if isinstance(pair, list) else [pair, pair])]
    if (
        len(both) != 2
        or len(sides) != 4
        or not all(type(side) is int and 0 <= side < 10**9 for side in sides)
    ):
        raise entry.refuse(f"its {key} is not that of rows and columns")
    return sides
