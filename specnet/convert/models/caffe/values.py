"""Layers without parameters: activation functions, sums and products, joining and cutting, dropout."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from specnet.convert.models.caffe.message import Message, short
from specnet.convert.models.caffe.walk import Node, Shown, layer_type
from specnet.convert.models.draft import Part
from specnet.text import describe

FUNCTIONS = {"TanH": "tanh", "Sigmoid": "sigmoid", "BNLL": "softplus"}
POOLS = ("global_avg_pool", "global_max_pool")


@layer_type(*FUNCTIONS)
def function(node: Node) -> Part:
    return _activation(node, FUNCTIONS[node.type])


def _activation(node: Node, written: Any) -> Part:
    return node.add("activation", [node.part()], function=written)


@layer_type("ReLU")
def relu(node: Node) -> Part:
    slope = short(node.layer.param("relu_param").one("negative_slope", 0.0))
    return _activation(node, {"kind": "leaky_relu", "slope": slope} if slope else "relu")


@layer_type("ELU")
def elu(node: Node) -> Part:
    return _activation(node, {"kind": "elu", "alpha": short(node.layer.param("elu_param").one("alpha", 1.0))})


@layer_type("Swish")
def swish(node: Node) -> Part:
    options = node.layer.param("swish_param")
    if options.one("beta", 1.0) != 1:
        raise options.refuse("only a beta of 1, silu, is known here", "beta")
    return _activation(node, "silu")


@layer_type("Clip")
def clip(node: Node) -> Part:
    options = node.layer.param("clip_param")
    low, high = options.one("min"), options.one("max")
    if (low, high) != (0, 6):
        raise node.refuse(f"values between {low} and {high} are not known here; relu6 has 0 and 6")
    return _activation(node, "relu6")


@layer_type("Softmax")
def softmax(node: Node) -> Part:
    part, options = node.part(), node.layer.param("softmax_param")
    if node.axis(options, "axis", part) != 1:
        raise options.refuse("only a softmax along the channels is known here", "axis")
    return node.add("activation", [row(part)], function="softmax")


def row(part: Part) -> Part:
    """A pool over a whole image as a row, where nothing reads it as an image of one pixel yet."""
    if part.kind in POOLS and not part.readers:
        part.fields.pop("keep_dims", None)
        part.shape = part.shape[:1]
    return part


@layer_type("Dropout")
def dropout(node: Node) -> Part:
    rate = short(node.layer.param("dropout_param").one("dropout_ratio", 0.5))
    return node.add("dropout", [node.part()], rate=rate)


@layer_type("Eltwise")
def eltwise(node: Node) -> Part:
    options, parts = node.layer.param("eltwise_param"), node.inputs(2, 1_000)
    operation = options.one("operation", "SUM")
    if operation == "MAX":
        raise options.refuse("a maximum of several layers has no meaning in a spec", "operation")
    if any(part.shape != parts[0].shape for part in parts):
        raise node.refuse(
            f"it reads {' and '.join(describe(part.shape) for part in parts[:4])}, which differ"
        )
    coefficients = options.many("coeff")
    if operation == "SUM" and any(number != 1 for number in coefficients):
        raise options.refuse(
            "a sum is of whole layers here; other coefficients than 1 are not known", "coeff"
        )
    return node.add("add" if operation == "SUM" else "multiply", parts)


@layer_type("Concat")
def concat(node: Node) -> Part:
    options, parts = node.layer.param("concat_param"), node.inputs(1, 1_000)
    name = "concat_dim" if options.has("concat_dim") else "axis"
    if node.axis(options, name, parts[0]) != 1:
        raise options.refuse("it joins something else than channels", name)
    return node.add("concat", parts) if len(parts) > 1 else parts[0]


@layer_type("Slice")
def slices(node: Node) -> list[Shown]:
    options, part = node.layer.param("slice_param"), node.part()
    name = "slice_dim" if options.has("slice_dim") else "axis"
    if node.axis(options, name, part) != 1:
        raise options.refuse("it cuts something else than channels", name)
    channels, tops = part.shape[0], node.layer.tops
    points: list[int] = options.many("slice_point")
    if not points:
        if not tops or channels % len(tops):
            raise node.refuse(f"{channels} channels do not make {len(tops)} equal parts")
        points = list(range(channels // len(tops), channels, channels // len(tops)))
    ends = [0, *points, channels]
    if len(points) != len(tops) - 1 or any(a >= b for a, b in pairwise(ends)):
        raise node.refuse(f"its {len(points)} places do not cut {channels} channels into {len(tops)} parts")
    cuts = zip(tops, pairwise(ends), strict=True)
    return [node.draft.add("slice", top, [part], node.layer.place, channels=[a, b]) for top, (a, b) in cuts]


@layer_type("Split")
def split(node: Node) -> list[Shown]:
    if not node.keys:
        raise node.refuse("it reads no blob")
    return [node.walk.values[node.keys[0]]] * len(node.layer.tops)


@layer_type("Silence")
def silence(node: Node) -> list[Shown]:
    node.walk.silenced |= {part for key in node.keys if isinstance(part := node.walk.values[key], Part)}
    return []


@layer_type("Flatten")
def flatten(node: Node) -> Part:
    options, part = node.layer.param("flatten_param"), node.part()
    rank = 1 + len(part.shape)
    axes = (node.axis(options, "axis", part), node.axis(options, "end_axis", part, -1))
    if axes != (1, rank - 1):
        raise node.refuse("only all values of an image are made a row here")
    return part if len(part.shape) == 1 else node.add("flatten", [part])


@layer_type("Reshape")
def reshape(node: Node) -> Part:
    options, part = node.layer.param("reshape_param"), node.part()
    wanted = _wanted(node, options, part)
    if wanted == part.shape:
        return part
    if wanted == (math.prod(part.shape),):
        return node.add("flatten", [part])
    raise node.refuse(
        f"it makes {describe(wanted)} of {describe(part.shape)}, which has no meaning in a spec"
    )


def _wanted(node: Node, options: Message, part: Part) -> tuple[int, ...]:
    """The sizes that it asks for, without the batch's, which stays (`reshape_layer.cpp`)."""
    dims: list[int] = options.message("shape", "BlobShape").many("dim")
    rank = 1 + len(part.shape)
    axis, count = options.one("axis", 0), options.one("num_axes", -1)
    first = axis if axis >= 0 else rank + axis + 1
    last = rank if count == -1 else first + count
    if not 0 <= first <= last <= rank or len(dims) > 32:
        raise node.refuse("it replaces dimensions that its input does not have")
    sizes: list[int | None] = [None, *part.shape]  # None is the batch's
    middle: list[int | None] = []
    for place, size in enumerate(dims):
        if size == 0 and first + place >= rank:
            raise node.refuse("it keeps a dimension that its input does not have")
        middle.append(sizes[first + place] if size == 0 else size)
    found = [*sizes[:first], *middle, *sizes[last:]]
    total = math.prod(part.shape)
    if found and found[0] == -1 and -1 not in found[1:] and math.prod(n or 0 for n in found[1:]) == total:
        found[0] = None
    if not found or found[0] is not None:
        raise node.refuse("it puts values of several images into one, or cuts an image up")
    rest = [size or 0 for size in found[1:]]
    if rest.count(-1) == 1:
        others = math.prod(size for size in rest if size != -1)
        rest[rest.index(-1)] = total // others if others > 0 and total % others == 0 else 0
    if math.prod(rest) != total or any(size <= 0 for size in rest):
        raise node.refuse(f"{total} values do not make {dims}")
    return tuple(rest)
