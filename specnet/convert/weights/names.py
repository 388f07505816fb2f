"""What a name means in a network: `conv1`, `conv1.gpu0`, `conv1.weight` or `conv1.gpu0.weight`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from specnet.diagnostics.diagnostic import Position
from specnet.layers.base import Shape
from specnet.plans.operations import Compute, parameter_name
from specnet.plans.plan import Plan
from specnet.spec.names import LONGEST

Flatten = Literal["joined", "separate"]
Concatenation = Literal["whole", "parts"]


class NamedParameters(NamedTuple):
    """Shares in the order in which their parameters are stacked, a role if one was named, and the name."""

    shares: tuple[Compute, ...]
    role: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of a file: the role's values of some shares, stacked along the first canonical axis.

    `flatten` says how a Keras model flattened what a layer reads: each image on its own, or all together
    after joining their channels; None if that is not said. `place` is where a mapping file
    speaks of the tensor.
    """

    tensor: str
    shares: tuple[Compute, ...]
    role: str
    flatten: Flatten | None = None
    place: Position | None = None

    @property
    def op(self) -> Compute:
        """Any of the operations: they differ in group and in the first size only."""
        return self.shares[0]

    @property
    def parameters(self) -> list[str]:
        """The canonical name of each share's parameter."""
        return [parameter_name(op, self.role) for op in self.shares]

    @property
    def shapes(self) -> list[Shape]:
        """The canonical shape of each share's parameter."""
        return [op.weights[self.role].shape for op in self.shares]

    @property
    def shape(self) -> Shape:
        """The canonical shape of the full tensor."""
        shapes = self.shapes
        return (sum(shape[0] for shape in shapes), *shapes[0][1:]) if shapes[0] else ()


class ParameterNames:
    """The names of everything in a network that has parameters."""

    def __init__(self, plan: Plan) -> None:
        self._layers: dict[str, dict[str, Compute]] = {}
        for op in plan.computes:
            if op.weights:
                layer = op.name.removesuffix(f".{op.group}")
                self._layers.setdefault(layer, {})[op.group] = op

    def find(self, text: str) -> NamedParameters | None:
        """What a name stands for, or None. A group's name goes before a role's."""
        layer, rest = self._parted(text)
        groups = self._layers.get(layer)
        if groups is None:
            return None
        shares = tuple(groups.values())
        if rest and rest[0] in groups:
            shares = (groups[rest.pop(0)],)
        elif len(rest) == 2:
            return None
        role = rest[0] if rest else None
        return NamedParameters(shares, role, text) if role is None or role in shares[0].weights else None

    def _parted(self, text: str) -> tuple[str, list[str]]:
        """The layer that a name begins with, whose own name may have dots, and the steps behind it.

        Where it can be read in several ways, it is a parameter's full name: `a.gpu0.weight` is of layer `a`.
        """
        if len(text) > 3 * LONGEST:
            return text, []
        steps = text.split(".")
        counts = range(len(steps), max(len(steps) - 3, 0), -1)
        full = [
            c for c in counts if len(steps) - c == 2 and steps[c] in self._layers.get(".".join(steps[:c]), {})
        ]
        for count in (*full, *counts):
            layer = ".".join(steps[:count])
            if layer in self._layers:
                return layer, steps[count:]
        return text, []

    def parameter(self, text: str) -> NamedParameters | None:
        """The same for names that end in a role."""
        parameters = self.find(text)
        return parameters if parameters is not None and parameters.role is not None else None

    def valid(self, among: Collection[str] | None = None) -> list[str]:
        """All names, for suggestions, or those that stand for any of the parameters `among`."""
        names: list[str] = []
        for layer, groups in self._layers.items():
            roles = list(next(iter(groups.values())).weights)
            for start, shares in [(layer, groups), *((f"{layer}.{g}", {g: s}) for g, s in groups.items())]:
                held = [r for r in roles if among is None or _any(shares.values(), r, among)]
                names += [start, *(f"{start}.{role}" for role in held)] if held else []
        return names


def _any(shares: Iterable[Compute], role: str, among: Collection[str]) -> bool:
    return any(parameter_name(op, role) in among for op in shares)
