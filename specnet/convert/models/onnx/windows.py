"""Operators with a window: convolution, pooling, response normalization, and zeros around an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from specnet.convert.models.draft import Part
from specnet.convert.models.onnx.walk import Node, operator
from specnet.convert.models.values import Constant, Seen, Value, short
from specnet.layers.base import LayerError
from specnet.layers.window import Windowed


def _window(node: Node, kernel: Sequence[int], part: Part) -> dict[str, Any]:
    """Kernel, stride, padding and rounding as fields."""
    if len(kernel) != 2:
        raise node.refuse(
            f"its window has {len(kernel)} dimensions; only those of an image, two, are known here"
        )
    said = node.attributes
    stride = list(said.get("strides", [1, 1]))
    spread = list(said.get("dilations", [1, 1]))
    pads = list(said.get("pads", [0, 0, 0, 0]))
    if len(stride) != 2 or len(spread) != 2 or len(pads) != 4:
        raise node.refuse("its strides, dilations and pads are not those of an image")
    auto = said.get("auto_pad", "NOTSET")
    if auto == "SAME_LOWER":
        hint = "SAME_UPPER, and explicit pads, are known"
        raise node.refuse(
            "auto_pad SAME_LOWER puts the odd pixel at the top and left, which is not known here", hint
        )
    if auto not in ("NOTSET", "VALID", "SAME_UPPER", ""):
        raise node.refuse(f"auto_pad '{auto}' is not known")
    padding: Any = [pads[0], pads[2], pads[1], pads[3]]
    padding = {"SAME_UPPER": "same", "VALID": 0}.get(auto, padding)
    fields = {"kernel": list(kernel), "stride": stride, "padding": padding, "dilation": spread}
    if said.get("ceil_mode", 0) and padding != "same":
        fields["rounding"] = _rounding(part, fields)
    return {**fields, "rounding": fields.get("rounding", "floor")}


def _rounding(part: Part, fields: dict[str, Any]) -> str:
    """`clip`, as ONNX Runtime and PyTorch have it, where that is not the same as `floor`."""
    size = {key: fields[key] for key in ("kernel", "stride", "padding")}
    shapes = []
    for rounding in ("floor", "clip"):
        layer = Windowed.model_validate({"kind": "window", "from": ["x"], **size, "rounding": rounding})
        try:
            shapes.append(layer.window(part.shape)[1:])
        except LayerError:
            return "clip"
    return "floor" if shapes[0] == shapes[1] else "clip"


@operator("Conv")
def conv(node: Node) -> Value:
    part, weight = node.image(), node.constant(1)
    if len(weight.shape) != 4:
        raise node.refuse(f"its weights have {len(weight.shape)} dimensions; those of an image's have 4")
    weights = {"weight": lambda: weight.values}
    if node.has(2):
        bias = node.constant(2)
        weights["bias"] = lambda: bias.values
    kernel = node.attributes.get("kernel_shape", weight.shape[2:])
    groups = int(node.attributes.get("group", 1))
    made = node.draft.add(
        "conv",
        node.called(*node.names(1, 2)),
        [part],
        node.place,
        weights,
        filters=weight.shape[0],
        groups=groups,
        bias=None if node.has(2) else "none",
        **_window(node, kernel, part),
    )
    return checked(node, made, {"weight": weight})


def checked(node: Node, part: Part, given: dict[str, Constant]) -> Part:
    """The layer, if its parameters have the sizes of those given. Raises `UnsayableError`."""
    wanted = part.layer().parameters(*[read.shape for read in part.reads])
    for role, constant in given.items():
        if role in wanted and math.prod(wanted[role].shape) != math.prod(constant.shape):
            told = " x ".join(map(str, constant.shape))
            raise node.refuse(
                f"its {role} has {told} values, where {' x '.join(map(str, wanted[role].shape))} fit"
            )
    return part


@operator("MaxPool", "AveragePool")
def pool(node: Node) -> Value:
    part = node.image()
    fields = _window(node, node.attributes.get("kernel_shape", ()), part)
    if fields.pop("dilation") != [1, 1]:
        raise node.refuse("a pool with dilation is not known here")
    if len([name for name in node.outputs if name]) > 1:
        raise node.refuse("its indices are an output, and only its values are known here")
    if node.kind == "MaxPool":
        return node.add("max_pool", [part], **fields)
    counted = bool(node.attributes.get("count_include_pad", 0))
    kernel, pads = fields["kernel"], fields["padding"]
    if kernel == list(part.shape[1:]) and pads in (0, [0, 0, 0, 0]):
        return node.add("global_avg_pool", [part], keep_dims=True)
    return node.add("avg_pool", [part], count_padding=counted or None, **fields)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node) -> Value:
    kind = "global_avg_pool" if node.kind == "GlobalAveragePool" else "global_max_pool"
    return node.add(kind, [node.image()], keep_dims=True)


@operator("ReduceMean", "ReduceMax")
def reduce(node: Node) -> Value:
    value = node.value(0)
    said = node.numbers(1, "axes", ())
    if isinstance(value, Seen) and value.how == "blocks" and node.kind == "ReduceMax":
        if said != [2] or node.attributes.get("keepdims", 1):
            raise node.refuse("it is not over the channels of each block")
        return node.add("maxout", [value.part], pieces=value.part.shape[0] // value.blocks)
    is_last = isinstance(value, Seen) and value.how == "last"
    part = value.part if isinstance(value, Seen) and is_last else node.image()
    axes = sorted(axis % 4 for axis in said)
    if axes != ([1, 2] if is_last else [2, 3]):
        raise node.refuse(f"over the dimensions {axes} it is not known here; [2, 3] are those of an image")
    kind = "global_avg_pool" if node.kind == "ReduceMean" else "global_max_pool"
    keeps = bool(node.attributes.get("keepdims", 1))
    made = node.add(kind, [part], keep_dims=keeps or None)
    return Seen(made, "last") if keeps and is_last else made


@operator("LRN")
def lrn(node: Node) -> Value:
    said = node.attributes
    size = int(said.get("size", 0))
    if size % 2 == 0:
        raise node.refuse(f"a response normalization over {size} maps is not known here; their number is odd")
    return node.add(
        "lrn",
        [node.part()],
        size=size,
        k=short(said.get("bias", 1.0)),
        alpha=short(said.get("alpha", 1e-4)),
        beta=short(said.get("beta", 0.75)),
        alpha_over="size",
    )


@operator("Pad")
def pad(node: Node) -> Value:
    part = node.image()
    mode = node.attributes.get("mode", "constant")
    if mode != "constant":
        raise node.refuse(f"padding by '{mode}' is not known here; zeros are")
    if node.number(2, "value", 0.0):
        raise node.refuse("padding by another number than 0 is not known here")
    pads = node.numbers(1, "pads")
    if node.has(3) or len(pads) != 8 or any(pads[axis] for axis in (0, 1, 4, 5)):
        raise node.refuse("it puts zeros around something else than the rows and columns of an image")
    return node.add("pad", [part], padding=[pads[2], pads[6], pads[3], pads[7]])
