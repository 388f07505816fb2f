"""One run, two ways to write its network: a run keeps the names of the spec that it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specnet.backend.protocol import State
from specnet.numerics.randomness import Array
from specnet.plans import initial_values
from specnet.plans.operations import Mask
from specnet.plans.plan import Plan


@dataclass(frozen=True)
class RunNaming:
    """`plan` is that of the run's own spec; `nodes` gives each of its nodes the name in the network that
    trains now, if that has another.

    States are saved, and initial values and dropout masks drawn, under the run's names, so that a run goes
    on the same in the long form of its network as in the short one.
    """

    plan: Plan
    nodes: Mapping[str, str] = field(default_factory=dict)

    def here(self, state: Mapping[str, Array]) -> State:
        """A state of the run under the present names. Unknown names stay, for the backend to refuse."""
        return {_renamed(name, self.nodes): array for name, array in state.items()}

    def saved(self, state: Mapping[str, Array]) -> State:
        """A present state under the run's names."""
        back = {here: run for run, here in self.nodes.items()}
        return {_renamed(name, back): array for name, array in state.items()}

    def masks(self) -> dict[str, Mask]:
        """The run's dropout masks by the present names of the operations that use them."""
        return {self.nodes.get(name, name): mask for name, mask in self.plan.masks.items()}

    def initial_state(self, seed: int, dtype: str) -> State:
        """The run's initial values under the present names."""
        return self.here(initial_values.initial_state(self.plan, seed, dtype))


def _renamed(name: str, nodes: Mapping[str, str]) -> str:
    node, _, role = name.rpartition(".")
    return f"{nodes.get(node, node)}.{role}"
