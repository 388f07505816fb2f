"""How TensorFlow carries out each layer kind: one registered function a kind.

A function takes the step, its arguments (one tensor each, batch first and channels last), the parameters by
role in their native layouts, and the circumstances of the run. It returns the output before the step's
activation function, which is applied for it. A parameter whose native layout differs from the canonical one
is registered with a `Layout`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specnet import plugins
from specnet.diagnostics.errors import PluginError, UsageError
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute

Tensor = Any


@dataclass(frozen=True, slots=True)
class Run:
    """Circumstances of one execution. `keep` is the dropout mask; without one the framework draws."""

    training: bool
    keep: Tensor | None = None


def _same(array: Array, op: Compute) -> Array:
    return array


@dataclass(frozen=True, slots=True)
class Layout:
    """The way between a parameter's canonical layout and TensorFlow's."""

    to_native: Callable[[Array, Compute], Array] = _same
    to_canonical: Callable[[Array, Compute], Array] = _same


Function = Callable[[Compute, Sequence[Tensor], Mapping[str, Tensor], Run], Tensor]


@dataclass(frozen=True, slots=True)
class Implementation:
    """A kind's function, and the layouts of the parameters that are laid out differently."""

    function: Function
    layouts: Mapping[str, Layout]

    def layout(self, role: str) -> Layout:
        return self.layouts.get(role, Layout())


_registered: dict[str, Implementation] = {}


def implements(kind: str, **layouts: Layout) -> Callable[[Function], Function]:
    """Register the function that carries out a kind, with layouts by role. A kind can be registered once."""

    def register(function: Function) -> Function:
        if kind in _registered:
            raise PluginError(f"layer kind '{kind}' is implemented twice for TensorFlow")
        _registered[kind] = Implementation(function, layouts)
        return function

    return register


def find(op: Compute) -> Implementation:
    """What carries out a step's kind, from this package or from a plugin's `specnet.tensorflow` entry point.

    Raises `UsageError`, naming the layer, if there is none.
    """
    kind = op.layer.kind
    if kind not in _registered and kind in plugins.names("specnet.tensorflow"):
        plugins.load("specnet.tensorflow", kind)
    if kind not in _registered:
        message = (
            f"the tensorflow backend cannot carry out layer '{op.name}': it does not know the kind '{kind}'"
        )
        raise UsageError(
            message, "a plugin adds a kind to it with an entry point in the group 'specnet.tensorflow'"
        )
    return _registered[kind]
