"""Layers with a parameter for each unit or channel: inner products, normalization, gains and offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specnet.convert.models.caffe import blobs
from specnet.convert.models.caffe.fillers import initializer, start, transposed
from specnet.convert.models.caffe.message import Message, short
from specnet.convert.models.caffe.walk import Node, layer_type
from specnet.convert.models.caffe.windows import bias_of, fill, weights_of
from specnet.convert.models.draft import Part

if TYPE_CHECKING:
    from specnet.convert.models.draft import Values


@layer_type("InnerProduct")
def inner_product(node: Node) -> Part:
    part, options = node.part(), node.layer.param("inner_product_param")
    if node.axis(options, "axis", part) != 1:
        raise options.refuse("only an inner product over all values of an image is known here", "axis")
    has_bias, is_turned = options.one("bias_term", True), options.one("transpose", False)
    roles = ("weight", "bias") if has_bias else ("weight",)
    held = node.weights(*roles)
    weights = weights_of(held)
    if is_turned and held:
        weights["weight"] = lambda: blobs.values(held["weight"]).reshape(*shape[::-1]).T
    units = options.one("num_output", 0)
    made = node.add("dense", [part], weights, units=units, **bias_of(node, options, has_bias))
    shape = made.layer().parameters(part.shape)["weight"].shape
    for role, blob in held.items():
        node.check(made, role, blob, shape[::-1] if is_turned and role == "weight" else None)
    filler = options.message("weight_filler", "FillerParameter")
    fill(node, made, options, transposed(filler, shape[::-1]) if is_turned else initializer(filler, shape))
    node.trains(made, roles)
    return made


@layer_type("BatchNorm")
def batch_norm(node: Node) -> Part:
    part, options = node.part(), node.layer.param("batch_norm_param")
    is_stored = options.one("use_global_stats")
    if is_stored is False and not node.layer.message.many("include"):
        hint = "leave it out: by default the batch's are used in training alone"
        raise options.refuse(
            "with the batch's mean in evaluation, too, it is not known here", "use_global_stats", hint
        )
    held = node.weights("mean", "variance", "factor")
    weights: dict[str, Values] = {}
    if held:
        weights["running_mean"] = lambda: _averaged(held["mean"], held["factor"])
        weights["running_var"] = lambda: _averaged(held["variance"], held["factor"])
    made = node.add(
        "batch_norm",
        [part],
        weights,
        epsilon=short(options.one("eps", 1e-5)),
        momentum=short(options.one("moving_average_fraction", 0.999)),
        scale=False,
        shift=False,
        trainable=False if is_stored and node.walk.is_training else None,
    )
    for role, name in {"running_mean": "mean", "running_var": "variance"}.items():
        if held:
            node.check(made, role, held[name])
    return made


def _averaged(total: Message, factor: Message) -> Any:
    """A sum that is kept with the sum of its weights, divided by that; 0 is kept for no steps at all."""
    steps = float(blobs.values(factor).reshape(-1)[:1].sum())
    return blobs.values(total) / steps if steps else blobs.values(total) * 0


@layer_type("Scale")
def scale(node: Node) -> Part:
    options = node.layer.param("scale_param")
    parts = node.inputs(1, 2)
    axis = node.axis(options, "axis", parts[0])
    if len(parts) == 2:
        return _product(node, parts, axis, options)
    if axis != 1 or options.one("num_axes", 1) != 1:
        raise node.refuse("only a gain for each channel is known here")
    part = parts[0]
    has_bias = options.one("bias_term", False)
    roles = ("weight", "bias") if has_bias else ("weight",)
    held = node.weights(*roles)
    first = start(options.message("filler")) if options.has("filler") else 1.0
    second = start(options.message("bias_filler", "FillerParameter"))
    if first is None or (has_bias and second is None):
        node.walk.unsaid_fillers.append(node.layer.name)
    gain, offset = 1.0 if first is None else first, second or 0.0
    is_usual = gain == 1 and offset == 0
    if _is_bare(part) and node.is_alone() and is_usual:
        made = part
        del made.fields["scale"]
        if has_bias:
            del made.fields["shift"]
        made.weights.update(weights_of(held))
    else:
        made = node.add("scale", [part], weights_of(held), gain=gain, offset=offset if has_bias else "none")
    for role, blob in held.items():
        node.check(made, role, blob)
    node.trains(made, roles)
    return made


def _is_bare(part: Part) -> bool:
    """Whether it is a batch normalization without gains, offsets and statistics that are kept."""
    return part.kind == "batch_norm" and part.fields.get("scale") is False and "trainable" not in part.fields


def _product(node: Node, parts: list[Part], axis: int, options: Message) -> Part:
    """A layer times another one, which may have one number for each channel."""
    part, factor = parts
    is_gate = factor.shape == part.shape[:1] and axis == 0
    is_alike = factor.shape == part.shape and axis == 0
    if not (is_gate or is_alike) or options.one("bias_term", False):
        raise node.refuse("only a number for each channel, or for each value, is multiplied in here")
    return node.add("multiply", parts)


@layer_type("Bias")
def bias(node: Node) -> Part:
    options, part = node.layer.param("bias_param"), node.part()
    if node.axis(options, "axis", part) != 1 or options.one("num_axes", 1) != 1:
        raise node.refuse("only an offset for each channel is known here")
    first = start(options.message("filler", "FillerParameter"))
    if first is None:
        node.walk.unsaid_fillers.append(node.layer.name)
    held = node.weights("bias")
    made = node.add("scale", [part], weights_of(held), gain="none", offset=first or 0.0)
    for role, blob in held.items():
        node.check(made, role, blob)
    node.trains(made, ("bias",))
    return made


@layer_type("Power")
def power(node: Node) -> Part:
    options, part = node.layer.param("power_param"), node.part()
    if options.one("power", 1.0) != 1:
        raise options.refuse("only a power of 1, a gain and an offset, is known here", "power")
    gain, offset = short(options.one("scale", 1.0)), short(options.one("shift", 0.0))
    starts = {"weight": gain, **({"bias": offset} if offset else {})}
    weights = {role: _alike(number, part.shape[0]) for role, number in starts.items()}
    return node.add("scale", [part], weights, gain=gain, offset=offset or "none", trainable=False)


def _alike(number: float, channels: int) -> Values:
    """One number for all channels."""

    def made() -> Any:
        import numpy as np

        return np.full(channels, number)

    return made
