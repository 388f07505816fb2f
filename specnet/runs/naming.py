"""One run, two ways to write its network: a run keeps the names of the spec that it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.backend.protocol import State
from specnet.diffs.isomorphism import correspondence
from specnet.network.network import Network
from specnet.numerics.randomness import Array
from specnet.plans import initial_values
from specnet.plans import plan as plans
from specnet.plans.operations import Mask


@dataclass(frozen=True)
class RunNaming:
    """`nodes` gives each node of the run's spec its name in the network that trains now.

    States are saved, and initial values and dropout masks drawn, under the run's names, so that a run goes
    on the same in the long form of its network as in the short one.
    """

    run: Network
    nodes: Mapping[str, str]

    @classmethod
    def same(cls, network: Network) -> RunNaming:
        """A new run's names: the network's own."""
        return cls(network, {str(node): str(node) for node in network.shares})

    @classmethod
    def between(cls, run: Network, here: Network) -> RunNaming | None:
        """None if the two are not the same network."""
        nodes = correspondence(run, here)
        return None if nodes is None else cls(run, nodes)

    def here(self, state: Mapping[str, Array]) -> State:
        """A state of the run under the present names. Unknown names stay, for the backend to refuse."""
        return {_renamed(name, self.nodes): array for name, array in state.items()}

    def saved(self, state: Mapping[str, Array]) -> State:
        """A present state under the run's names."""
        back = {here: run for run, here in self.nodes.items()}
        return {_renamed(name, back): array for name, array in state.items()}

    def masks(self) -> dict[str, Mask]:
        """The dropout masks that the run's spec asks for, by the present names of the steps that use them."""
        return {self.nodes[name]: mask for name, mask in plans.make(self.run).masks.items()}

    def initial_state(self, seed: int, dtype: str) -> State:
        """The run's initial values under the present names."""
        return self.here(initial_values.initial_state(plans.make(self.run), seed, dtype))


def _renamed(name: str, nodes: Mapping[str, str]) -> str:
    node, _, role = name.rpartition(".")
    return f"{nodes.get(node, node)}.{role}"
