"""Layers with a window: convolution, pooling, response normalization."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from specnet.convert.models.caffe import blobs
from specnet.convert.models.caffe.fillers import Filled, initializer, start
from specnet.convert.models.caffe.message import Message, short
from specnet.convert.models.caffe.walk import Node, layer_type
from specnet.convert.models.draft import Part, UnsayableError, output_shape
from specnet.text import describe

if TYPE_CHECKING:
    from specnet.convert.models.draft import Values


def _pair(node: Node, options: Message, name: str, default: int | None) -> list[int]:
    """A size over height and width: said once, twice, or as `kernel_h` and `kernel_w`."""
    stem = name.removesuffix("_size")
    both = [f"{stem}_h", f"{stem}_w"]
    said: list[int] = options.many(name)
    if any(map(options.has, both)):
        if said:
            raise options.refuse(
                f"'{name}' and '{both[0]}' say the same thing; Caffe takes one of them", name
            )
        if default is None and not all(map(options.has, both)):
            raise node.refuse(f"it has one of '{both[0]}' and '{both[1]}', and needs both")
        return [options.one(key, default) for key in both]
    if node.type == "Pooling" and said:
        said = said[-1:]
    if len(said) > 2:
        raise options.refuse(
            f"it has {len(said)} dimensions; only those of an image, two, are known here", name
        )
    if not said:
        if default is None:
            raise node.refuse(f"its '{name}' is missing")
        return [default, default]
    return said if len(said) == 2 else said * 2


def _padding(pair: list[int]) -> list[int]:
    return [pair[0], pair[0], pair[1], pair[1]]


@layer_type("Convolution")
def conv(node: Node) -> Part:
    part, options = node.image(), node.layer.param("convolution_param")
    if node.axis(options, "axis", part) != 1:
        raise options.refuse("it takes another dimension than the first for the channels", "axis")
    filters, has_bias = options.one("num_output", 0), options.one("bias_term", True)
    roles = ("weight", "bias") if has_bias else ("weight",)
    held = node.weights(*roles)
    groups = options.one("group", 1)
    made = node.add(
        "conv",
        [part],
        weights_of(held),
        filters=filters,
        groups=groups,
        kernel=_pair(node, options, "kernel_size", None),
        stride=_pair(node, options, "stride", 1),
        padding=_padding(_pair(node, options, "pad", 0)),
        dilation=_pair(node, options, "dilation", 1),
        **bias_of(node, options, has_bias),
    )
    for role, blob in held.items():
        node.check(made, role, blob)
    shape = made.layer().parameters(part.shape)["weight"].shape
    fill(node, made, options, initializer(options.message("weight_filler", "FillerParameter"), shape))
    node.trains(made, roles)
    return made


def weights_of(held: dict[str, Message]) -> dict[str, Values]:
    """Blobs in the layouts of a state, which are Caffe's."""
    return {role: lambda blob=blob: blobs.values(blob) for role, blob in held.items()}  # type: ignore[misc]


def bias_of(node: Node, options: Message, has_bias: bool) -> dict[str, Any]:
    """The field for biases."""
    if not has_bias:
        return {"bias": "none"}
    number = start(options.message("bias_filler", "FillerParameter"))
    if number is None:
        node.walk.unsaid_fillers.append(node.layer.name)
    return {"bias": number or 0}


def fill(node: Node, made: Part, options: Message, values: dict[str, Any] | None) -> None:
    """Note how the weights of a layer start."""
    node.walk.filled.append(Filled(made, values, options.has("weight_filler")))
    if values is None:
        node.walk.unsaid_fillers.append(node.layer.name)


@layer_type("Pooling")
def pool(node: Node) -> Part:
    part, options = node.image(), node.layer.param("pooling_param")
    method = options.one("pool", "MAX")
    if method not in ("MAX", "AVE"):
        raise options.refuse(f"{method} pooling has no meaning in a spec; MAX and AVE have", "pool")
    if len(node.layer.tops) > 1:
        raise node.refuse("its second blob says where the maxima are, and only their values are known here")
    name = "max" if method == "MAX" else "avg"
    if options.one("global_pooling", False):
        if options.has("kernel_size") or options.has("kernel_h") or options.has("kernel_w"):
            raise options.refuse("a pool over the whole image has no kernel of its own", "global_pooling")
        return node.add(f"global_{name}_pool", [part], keep_dims=True)
    kernel, stride = _pair(node, options, "kernel_size", None), _pair(node, options, "stride", 1)
    pads = _pair(node, options, "pad", 0)
    if min(kernel) < 1 or min(stride) < 1:
        raise node.refuse("its kernel and its stride are at least 1")
    if method == "AVE" and kernel == list(part.shape[1:]) and pads == [0, 0]:
        return node.add("global_avg_pool", [part], keep_dims=True)
    is_up = options.one("round_mode", "CEIL") == "CEIL"
    fields: dict[str, Any] = {"kernel": kernel, "stride": stride, "padding": _padding(pads)}
    if method == "AVE" and any(pads):
        fields["count_padding"] = True
    fields["rounding"] = _rounding(node, part, fields, f"{name}_pool", is_up=is_up)
    return node.add(f"{name}_pool", [part], **fields)


def _rounding(node: Node, part: Part, fields: dict[str, Any], kind: str, *, is_up: bool) -> str:
    """The first of `floor`, `clip` and `ceil` that gives Caffe's sizes."""
    wanted = pooled(part.shape, fields, is_up=is_up)
    for rounding in ("floor", "clip", "ceil"):
        probe = Part("probe", kind, {**fields, "rounding": rounding}, [part], node.layer.place, part.shape)
        with suppress(*([UnsayableError] if rounding == "ceil" else [])):
            if output_shape(probe.layer(), [part], node.layer.place) == wanted:
                return rounding
    raise node.refuse(
        f"Caffe makes {describe(wanted)} of {describe(part.shape)}, which no rounding here does"
    )


def pooled(shape: tuple[int, ...], fields: dict[str, Any], *, is_up: bool) -> tuple[int, ...]:
    """The sizes after Caffe's pooling (`pooling_layer.cpp`): rounded up, less a window that would start
    beyond the image and its padding at the top and left, if there is a padding."""
    pads = fields["padding"][::2]
    found = []
    for axis, size in enumerate(shape[1:]):
        room, step = size + 2 * pads[axis] - fields["kernel"][axis], fields["stride"][axis]
        count = (-(-room // step) if is_up else room // step) + 1
        if any(pads) and (count - 1) * step >= size + pads[axis]:
            count -= 1
        found.append(count)
    return (shape[0], *found)


@layer_type("LRN")
def lrn(node: Node) -> Part:
    part, options = node.image(), node.layer.param("lrn_param")
    is_within = options.one("norm_region", "ACROSS_CHANNELS") == "WITHIN_CHANNEL"
    size = options.one("local_size", 5)
    if size % 2 == 0:
        raise options.refuse(f"over {size} maps Caffe does not normalize; their number is odd", "local_size")
    k = short(options.one("k", 1.0))
    if is_within and k != 1:
        node.draft.lost.append(f"'{node.layer.name}' has k {k:g}, which Caffe takes for 1 within a channel.")
        k = 1.0
    return node.add(
        "lrn",
        [part],
        size=size,
        k=k,
        alpha=short(options.one("alpha", 1.0)),
        beta=short(options.one("beta", 0.75)),
        alpha_over="size",
        region="within" if is_within else None,
    )
