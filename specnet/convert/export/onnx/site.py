"""A layer that is to be written in ONNX's operators, and the functions that write it, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from specnet.convert.export.onnx.functions import applied
from specnet.convert.export.onnx.graph import Graph
from specnet.diagnostics.errors import UsageError
from specnet.layers.base import Shape


class Site(NamedTuple):
    """A layer that is to be written: the names of its inputs, their shapes, its parameters by role in the
    layouts of a state, and its name."""

    graph: Graph
    layer: Any
    inputs: Sequence[str]
    shapes: Sequence[Shape]
    weights: Mapping[str, Any]
    name: str

    def applied(self, value: str) -> str:
        """What its own activation function makes of a value."""
        return applied(self.graph, self.layer.activation, value, f"{self.name}.activation")


Emit = Callable[[Site], str]
"""Writes a layer; returns the name of its output."""
EMITTERS: dict[str, Emit] = {}


def emits(*kinds: str) -> Callable[[Emit], Emit]:
    """Registers the function for layers of these kinds."""

    def register(function: Emit) -> Emit:
        EMITTERS.update(dict.fromkeys(kinds, function))
        return function

    return register


def emitter(kind: str, name: str) -> Emit:
    """The function for a kind. Raises `UsageError` for one that has no form in ONNX here."""
    if kind not in EMITTERS:
        raise UsageError(f"layer '{name}' is of the kind '{kind}', which is not written in ONNX")
    return EMITTERS[kind]
