"""Operators with a parameter for each unit or channel: dense layers, normalization, gains and offsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from specnet.convert.models.arithmetic import spread
from specnet.convert.models.onnx.walk import Node, operator
from specnet.convert.models.onnx.windows import checked
from specnet.convert.models.values import Constant, Seen, Value, short
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
        weights["bias"] = lambda: spread(bias, units)
    made = node.draft.add(
        "dense",
        node.called(*node.names(1, 2)),
        [part],
        node.place,
        weights,
        units=units,
        bias=None if bias is not None else "none",
    )
    return checked(node, made, {"weight": weight})


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
    epsilon, momentum = short(said.get("epsilon", 1e-5)), short(said.get("momentum", 0.9))
    name = node.called(*node.names(1, 2, 3, 4))
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
    epsilon, shift = short(node.attributes.get("epsilon", 1e-5)), None if "bias" in given else False
    name = node.called(*node.names(1, 2))
    made = node.draft.add("layer_norm", name, [part], node.place, weights, epsilon=epsilon, shift=shift)
    checked(node, made, given)
    return Seen(made, "last") if is_last else made


def _values(constant: Constant) -> Make:
    return lambda: constant.values
