"""Activation functions in ONNX's operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specnet.convert.export.onnx.graph import Graph
from specnet.diagnostics.errors import UsageError
from specnet.layers.functions import ActivationFunction

Emit = Callable[[Graph, str, str, Any], str]


def _operator(kind: str, **fixed: Any) -> Emit:
    return lambda graph, x, name, said: graph.add(kind, [x], name, **fixed)


def _leaky(graph: Graph, x: str, name: str, said: Any) -> str:
    return graph.add("LeakyRelu", [x], name, alpha=said.slope)


def _elu(graph: Graph, x: str, name: str, said: Any) -> str:
    return graph.add("Elu", [x], name, alpha=said.alpha)


def _silu(graph: Graph, x: str, name: str, said: Any) -> str:
    return graph.add("Mul", [x, graph.add("Sigmoid", [x], f"{name}.sigmoid")], name)


def _relu6(graph: Graph, x: str, name: str, said: Any) -> str:
    bounds = [graph.constant(f"{name}.{what}", value) for what, value in (("least", 0.0), ("most", 6.0))]
    return graph.add("Clip", [x, *bounds], name)


def _scaled_tanh(graph: Graph, x: str, name: str, said: Any) -> str:
    inner = graph.add("Mul", [x, graph.constant(f"{name}.slope", said.slope)], f"{name}.inner")
    outer = graph.add("Tanh", [inner], f"{name}.tanh")
    return graph.add("Mul", [outer, graph.constant(f"{name}.amplitude", said.amplitude)], name)


FUNCTIONS: dict[str, Emit] = {
    "relu": _operator("Relu"),
    "sigmoid": _operator("Sigmoid"),
    "tanh": _operator("Tanh"),
    "softplus": _operator("Softplus"),
    "hard_sigmoid": _operator("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_swish": _operator("HardSwish"),
    "gelu": _operator("Gelu"),
    "gelu_tanh": _operator("Gelu", approximate="tanh"),
    "softmax": _operator("Softmax", axis=1),
    "leaky_relu": _leaky,
    "elu": _elu,
    "silu": _silu,
    "relu6": _relu6,
    "scaled_tanh": _scaled_tanh,
}


def applied(graph: Graph, function: ActivationFunction | None, x: str, name: str) -> str:
    """What a function makes of a value. Raises `UsageError` for one of a plugin."""
    if function is None:
        return x
    emit = FUNCTIONS.get(function.kind)
    if emit is None:
        raise UsageError(f"the activation function '{function.kind}' is not written in ONNX", f"see {name}")
    return emit(graph, x, name, function)
