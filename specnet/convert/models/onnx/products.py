"""Operators with a parameter for each unit or channel: dense layers, normalization, gains and offsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from specnet.convert.models.draft import Part
from specnet.convert.models.onnx.model import Constant
from specnet.convert.models.onnx.walk import Node, Seen, Value, operator
from specnet.convert.models.onnx.windows import checked
from specnet.text import describe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Make = Callable[[], Array]


@operator("Gemm")
def gemm(node: Node) -> Value:
    said = node.attributes
    for factor in ("alpha", "beta"):
        if said.get(factor, 1.0) != 1.0:
            raise node.refuse(f"its {factor} is {said[factor]:.7g}, and a dense layer has no such factor")
    if said.get("transA", 0):
        raise node.refuse("it reads its input with images and units exchanged")
    bias = node.constant(2) if node.has(2) else None
    return _dense(node, node.constant(1), bias, transposed=bool(said.get("transB", 0)))


@operator("MatMul")
def matmul(node: Node) -> Value:
    return _dense(node, node.constant(1), None, transposed=False)


def _dense(node: Node, weight: Constant, bias: Constant | None, *, transposed: bool) -> Value:
    value = node.value(0)
    part = value.part if isinstance(value, Seen) and value.how == "row" else node.part()
    if len(part.shape) != 1 and not isinstance(value, Seen):
        raise node.refuse(f"it reads {describe(part.shape)}; a dense layer reads rows")
    if len(weight.shape) != 2:
        raise node.refuse(f"its weights have {len(weight.shape)} dimensions, not 2")
    units = weight.shape[0 if transposed else 1]
    if bias is not None and len(bias.shape) != 0 and bias.shape[-1] not in (1, units):
        raise node.refuse(f"its bias has {describe(bias.shape)} values for {units} units")

    def rows() -> Array:
        out = weight.values if transposed else weight.values.T
        if isinstance(value, Seen):
            channels, high, wide = value.part.shape
            out = out.reshape(units, high, wide, channels).transpose(0, 3, 1, 2).reshape(units, -1)
        return out

    weights: dict[str, Make] = {"weight": rows}
    if bias is not None:
        weights["bias"] = lambda: _spread(bias, units)
    made = node.draft.add(
        "dense",
        node.called(1, 2),
        [part],
        node.place,
        weights,
        units=units,
        bias=None if bias is not None else "none",
    )
    return checked(node, made, {"weight": weight})


def _spread(constant: Constant, channels: int) -> Array:
    """One number for each channel, of which a constant may hold one for all."""
    import numpy as np

    return np.broadcast_to(constant.values.reshape(-1), (channels,))


@operator("BatchNormalization")
def batch_norm(node: Node) -> Value:
    said, part = node.attributes, node.part()
    if not said.get("spatial", 1):
        raise node.refuse("with a mean for each pixel it is not known here")
    if said.get("training_mode", 0):
        raise node.refuse("it is a step of training; the model of its evaluation is read")
    roles = ("weight", "bias", "running_mean", "running_var")
    given = {role: node.constant(index + 1) for index, role in enumerate(roles)}
    weights: dict[str, Make] = {role: _values(constant) for role, constant in given.items()}
    epsilon, momentum = float(f"{said.get('epsilon', 1e-5):.7g}"), float(f"{said.get('momentum', 0.9):.7g}")
    name = node.called(1, 2, 3, 4)
    made = node.draft.add("batch_norm", name, [part], node.place, weights, epsilon=epsilon, momentum=momentum)
    return checked(node, made, given)


@operator("LayerNormalization")
def layer_norm(node: Node) -> Value:
    """Over the channels: the last dimension of a row, or of an image with its channels last."""
    value = node.value(0)
    is_last = isinstance(value, Seen) and value.how == "last"
    part = value.part if isinstance(value, Seen) and is_last else node.part()
    rank = 1 + len(part.shape)
    if node.attributes.get("axis", -1) % rank != rank - 1 or (rank > 2 and not is_last):
        raise node.refuse("it is not over the channels alone")
    given = {role: node.constant(index) for index, role in ((1, "weight"), (2, "bias")) if node.has(index)}
    weights: dict[str, Make] = {role: _values(constant) for role, constant in given.items()}
    epsilon, shift = float(f"{node.attributes.get('epsilon', 1e-5):.7g}"), None if "bias" in given else False
    name = node.called(1, 2)
    made = node.draft.add("layer_norm", name, [part], node.place, weights, epsilon=epsilon, shift=shift)
    checked(node, made, given)
    return Seen(made, "last") if is_last else made


def _values(constant: Constant) -> Make:
    return lambda: constant.values


def per_channel(constant: Constant, part: Part) -> bool:
    """Whether a constant has one number, or one for each channel of a layer."""
    size, shape = part.shape[0], constant.shape
    if all(extent == 1 for extent in shape):
        return True
    rank = len(part.shape)
    if rank == 1:
        return shape in ((size,), (1, size))
    return shape in ((size, *[1] * (rank - 1)), (1, size, *[1] * (rank - 1)))


def scaled(node: Node, part: Part, constant: Constant, index: int, *, invert: bool = False) -> Part:
    """A layer times a constant: in its batch normalization, if nothing else reads that, or a `scale`."""
    if not per_channel(constant, part):
        raise node.refuse(f"it multiplies {describe(part.shape)} by constants of other sizes")

    def factor() -> Any:
        values: Any = _spread(constant, part.shape[0])
        return 1 / values if invert else values

    if part.is_plain("batch_norm") and node.is_alone(index):
        for role in ("weight", "bias"):
            part.weights[role] = _product(part.weights[role], factor)
        return part
    return _scale(node, part, constant, {"weight": factor}, invert=invert)


def shifted(node: Node, part: Part, constant: Constant, index: int, *, negate: bool = False) -> Part:
    """A layer plus a constant: its bias, if it has none and nothing else reads it, or a `scale`."""
    if not per_channel(constant, part):
        raise node.refuse(f"it adds constants of other sizes to {describe(part.shape)}")

    def offset() -> Any:
        values: Any = _spread(constant, part.shape[0])
        return -values if negate else values

    if node.is_alone(index):
        if part.is_plain("batch_norm"):
            part.weights["bias"] = _sum(part.weights["bias"], offset)
            return part
        if part.kind in ("conv", "dense") and part.is_plain(part.kind) and part.fields.get("bias") == "none":
            del part.fields["bias"]
            part.weights["bias"] = offset
            return part
        is_number = _is_number(constant)
        is_alike = part.fields.get("trainable", True) is not is_number
        if part.is_plain("scale") and "bias" not in part.weights and is_alike:
            part.fields["offset"] = _shown(offset) if is_number else 0
            part.weights["bias"] = offset
            return part
    return _scale(node, part, constant, {"bias": offset}, invert=False)


def _scale(node: Node, part: Part, constant: Constant, weights: dict[str, Make], *, invert: bool) -> Part:
    """A layer that has the constant as its gain or its offset; one number is no parameter but a value."""
    fields: dict[str, Any] = {"offset": 0, "gain": "none"} if "bias" in weights else {}
    if _is_number(constant):
        number = _shown(next(iter(weights.values())))
        fields.update({"offset" if "bias" in weights else "gain": number, "trainable": False})
    names = [index for index in (0, 1) if isinstance(node.value(index), Constant)]
    return node.draft.add("scale", node.called(*names), [part], node.place, weights, **fields)


def _is_number(constant: Constant) -> bool:
    """Whether a constant is one number for all channels, which no training would change."""
    return all(extent == 1 for extent in constant.shape)


def _shown(make: Make) -> float:
    """The number that all channels have, with the digits of a float32."""
    values: Any = make()
    return float(f"{float(values[0]):.7g}")


def _product(one: Make, other: Make) -> Make:
    def made() -> Any:
        left: Any = one()
        return left * other()

    return made


def _sum(one: Make, other: Make) -> Make:
    def made() -> Any:
        left: Any = one()
        return left + other()

    return made
