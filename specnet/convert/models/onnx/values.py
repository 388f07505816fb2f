"""Operators that work value by value: activation functions, sums and products of layers, dropout."""

from __future__ import annotations

from typing import Any

from specnet.convert.models.arithmetic import product, scaled, shifted
from specnet.convert.models.draft import Part
from specnet.convert.models.onnx.folding import folded
from specnet.convert.models.onnx.walk import Node, operator
from specnet.convert.models.values import Constant, Seen, Value, short

FUNCTIONS = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "HardSwish": "hard_swish",
}


@operator(*FUNCTIONS)
def function(node: Node) -> Value:
    return _activation(node, FUNCTIONS[node.kind])


def _activation(node: Node, written: Any) -> Value:
    value = node.value(0)
    if isinstance(value, Seen):  # value by value, whatever the order
        return Seen(node.add("activation", [value.part], function=written), value.how, value.blocks)
    return node.add("activation", [node.part()], function=written)


@operator("LeakyRelu")
def leaky_relu(node: Node) -> Value:
    return _activation(node, {"kind": "leaky_relu", "slope": short(node.attributes.get("alpha", 0.01))})


@operator("Elu")
def elu(node: Node) -> Value:
    return _activation(node, {"kind": "elu", "alpha": short(node.attributes.get("alpha", 1.0))})


@operator("HardSigmoid")
def hard_sigmoid(node: Node) -> Value:
    alpha, beta = node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5)
    if abs(alpha - 1 / 6) > 1e-6 or beta != 0.5:
        message = f"with alpha {alpha:.7g} and beta {beta:.7g} it is not the hard_sigmoid that is known here"
        raise node.refuse(message, "that has alpha 1/6 and beta 1/2")
    return _activation(node, "hard_sigmoid")


@operator("Gelu")
def gelu(node: Node) -> Value:
    return _activation(node, "gelu_tanh" if node.attributes.get("approximate") == "tanh" else "gelu")


@operator("Softmax")
def softmax(node: Node) -> Value:
    part = node.part()
    axis = node.attributes.get("axis", -1 if node.opset >= 13 else 1)
    if axis % (1 + len(part.shape)) != 1:
        raise node.refuse("it is not along the channels")
    if node.opset < 13 and any(size > 1 for size in part.shape[1:]):
        raise node.refuse("it is over all values of an image, and here it is along the channels")
    return _activation(node, "softmax")


@operator("Clip")
def clip(node: Node) -> Value:
    low, high = node.number(1, "min", None), node.number(2, "max", None)
    if (low, high) == (0.0, 6.0):
        return _activation(node, "relu6")
    if low == 0.0 and (high is None or high > 1e30):
        return _activation(node, "relu")
    raise node.refuse(f"values between {low} and {high} are not known here; relu6 has 0 and 6")


@operator("Dropout")
def dropout(node: Node) -> Value | list[Value | None]:
    rate = node.number(1, "ratio", 0.5)
    value = node.value(0)
    part = value.part if isinstance(value, Seen) else node.part()
    made: Value = node.add("dropout", [part], rate=short(rate or 0.0))
    if isinstance(value, Seen):
        assert isinstance(made, Part)
        made = Seen(made, value.how, value.blocks)
    return [made, None]


@operator("Identity", "Cast")
def identity(node: Node) -> Value:
    value = node.value(0)
    if node.kind == "Cast" and isinstance(value, Constant):
        return folded(node, [value])
    if node.kind == "Cast" and node.attributes.get("to") not in (1, 10, 11, 16):
        raise node.refuse("it makes whole numbers of an image's values")
    return value


@operator("Add", "Sum")
def add(node: Node) -> Value:
    return _combined(node, "add")


@operator("Mul")
def multiply(node: Node) -> Value:
    return _combined(node, "multiply")


def _combined(node: Node, kind: str) -> Value:
    values = [node.value(index) for index in range(len(node.inputs))]
    constants = [value for value in values if isinstance(value, Constant)]
    if len(constants) == len(values):
        return folded(node, constants)
    if len(values) == 1:
        return values[0]
    if constants:
        if len(values) != 2:
            raise node.refuse("it has more than two inputs, of which one is a constant")
        index = 0 if isinstance(values[1], Constant) else 1
        make = shifted if kind == "add" else scaled
        return make(node, node.part(index), constants[0], alone=node.is_alone(index))
    parts = [node.part(index) for index in range(len(values))]
    return product(node, parts) if kind == "multiply" else node.add(kind, parts)


@operator("Sub", "Div")
def inverse(node: Node) -> Value:
    values = [node.value(index) for index in (0, 1)]
    constants = [value for value in values if isinstance(value, Constant)]
    if len(constants) == 2:
        return folded(node, constants)
    if not isinstance(values[1], Constant):
        raise node.refuse("it has an image on its right side, which is not known here")
    if node.kind == "Sub":
        return shifted(node, node.part(0), values[1], alone=node.is_alone(0), negate=True)
    return scaled(node, node.part(0), values[1], alone=node.is_alone(0), invert=True)
