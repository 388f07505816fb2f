"""A plan on its devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.backend import protocol as backends
from specnet.backend.checks import check_state
from specnet.backend.protocol import PRECISIONS, Backend, Executable, Precision, State, storage
from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.suggestions import suggestion
from specnet.plans import initial_values, placement
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan


@dataclass(frozen=True)
class CompiledPlan:
    """A plan with the devices of its groups, ready to run there."""

    plan: Plan
    placement: Placement
    executable: Executable


def compile_plan(
    plan: Plan,
    backend: str | Backend,
    devices: str | Mapping[str, str] | None = None,
    precision: Precision = "float32",
) -> CompiledPlan:
    """Place a plan and compile it. Its state is zero.

    Raises `PluginError` for a missing backend and `DeviceError` for a missing device.
    """
    precision = precision_of(precision)
    chosen = backends.find(backend) if isinstance(backend, str) else backend
    placed = placement.place(plan.groups, devices, chosen.devices())
    return CompiledPlan(plan, placed, chosen.compile(plan, placed, precision))


def check_fits(saved: State, plan: Plan) -> None:
    """Raise `UsageError` unless these are the weights of the plan's network.

    That is looked at before anything is compiled: a stranger's spec may be of any size.
    """
    check_state({p.name: p.shape for p in plan.parameters}, saved)


def initialise(compiled: CompiledPlan, seed: int, precision: Precision) -> None:
    """Give a compiled network its initial values."""
    compiled.executable.load_state(initial_values.initial_state(compiled.plan, seed, storage(precision)))


def precision_of(name: str) -> Precision:
    """The precision of that name. Raises `UsageError` for any other."""
    for known in PRECISIONS:
        if name == known:
            return known
    raise UsageError(f"there is no precision '{name}'", suggestion(name, PRECISIONS, noun="precision"))
