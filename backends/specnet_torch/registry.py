"""How PyTorch carries out each layer kind: one registered function a kind.

A function takes the step, its arguments (one tensor each, batch first, then the canonical channels, height,
width), the parameters by role in their canonical layouts, and the circumstances of the run. It returns the
output before the step's activation function, which is applied for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from specnet import plugins
from specnet.diagnostics.errors import PluginError, UsageError
from specnet.plans.operations import Compute


@dataclass(frozen=True, slots=True)
class Run:
    """Circumstances of one execution. `keep` is the dropout mask; without one the framework draws."""

    training: bool
    keep: Tensor | None = None


Implementation = Callable[[Compute, Sequence[Tensor], Mapping[str, Tensor], Run], Tensor]

_registered: dict[str, Implementation] = {}


def implements(kind: str) -> Callable[[Implementation], Implementation]:
    """Register the function that carries out a kind. A kind can be registered once."""

    def register(function: Implementation) -> Implementation:
        if kind in _registered:
            raise PluginError(f"layer kind '{kind}' is implemented twice for PyTorch")
        _registered[kind] = function
        return function

    return register


def find(op: Compute) -> Implementation:
    """The function for a step's kind, from this package or from a plugin's `specnet.torch` entry point.

    Raises `UsageError`, naming the layer, if there is none.
    """
    kind = op.layer.kind
    if kind not in _registered and kind in plugins.names("specnet.torch"):
        plugins.load("specnet.torch", kind)
    if kind not in _registered:
        message = f"the torch backend cannot carry out layer '{op.name}': it does not know the kind '{kind}'"
        raise UsageError(
            message, "a plugin adds a kind to it with an entry point in the group 'specnet.torch'"
        )
    return _registered[kind]
