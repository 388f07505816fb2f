"""What a run is opened with: the network on its devices, the dataset, the statistics of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.backend import protocol as backends
from specnet.backend.checks import check_state
from specnet.backend.protocol import PRECISIONS, Backend, Executable, Precision, State, storage
from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.suggestions import suggestion
from specnet.network.network import Network, analyse
from specnet.plans import initial_values, placement
from specnet.plans import plan as plans
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet.spec.spec import Spec


@dataclass(frozen=True)
class Compiled:
    """A plan on its devices."""

    network: Network
    plan: Plan
    placement: Placement
    executable: Executable


def compile_spec(
    spec: Spec,
    backend: str | Backend,
    devices: str | Mapping[str, str] | None = None,
    precision: Precision = "float32",
) -> Compiled:
    """Check a spec and compile its network. Raises `SpecError` for an invalid one."""
    return compile_network(analyse(spec), backend, devices, precision)


def compile_network(
    network: Network,
    backend: str | Backend,
    devices: str | Mapping[str, str] | None = None,
    precision: Precision = "float32",
) -> Compiled:
    """Plan a network, place it and compile it. Its state is zero.

    Raises `PluginError` for a missing backend and `DeviceError` for a missing device.
    """
    precision = precision_of(precision)
    plan = plans.make(network)
    chosen = backends.find(backend) if isinstance(backend, str) else backend
    placed = placement.place(plan.groups, devices, chosen.devices())
    return Compiled(network, plan, placed, chosen.compile(plan, placed, precision))


def check_fits(saved: State, spec: Spec) -> None:
    """Raise `UsageError` unless these are the weights of the spec's network.

    That is looked at before anything is compiled: a stranger's spec may be of any size.
    """
    check_state({p.name: p.shape for p in plans.make(analyse(spec)).parameters}, saved)


def initialise(compiled: Compiled, seed: int, precision: Precision) -> None:
    """Give a compiled network its initial values."""
    compiled.executable.load_state(initial_values.initial_state(compiled.plan, seed, storage(precision)))


def precision_of(name: str) -> Precision:
    """The precision of that name. Raises `UsageError` for any other."""
    for known in PRECISIONS:
        if name == known:
            return known
    raise UsageError(f"there is no precision '{name}'", suggestion(name, PRECISIONS, noun="precision"))
