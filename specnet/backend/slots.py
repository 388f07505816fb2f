"""What an optimizer keeps from step to step: arrays by slot and parameter, as its kind declares them.

`{"velocity": {"conv1.gpu0.weight": array}}` in memory; `velocity/conv1.gpu0.weight` is the name in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.backend.checks import check_state
from specnet.numerics.randomness import Array
from specnet.plans.plan import Plan

OptimizerState = dict[str, dict[str, Array]]
"""Arrays by slot and by the parameter's canonical name, in its canonical layout."""

BEFORE_SLOTS = "velocity"
"""The slot of a file whose names are those of parameters: velocities were all that there was."""


def shapes(plan: Plan) -> dict[str, dict[str, tuple[int, ...]]]:
    """The shape of every array that the plan's optimizer keeps; nothing without one."""
    rule = plan.optimizer
    trained = [parameter for parameter in plan.parameters if parameter.trained]
    slots, counts = (rule.kept, rule.counts) if rule is not None else ((), ())
    return {slot: {p.name: () if slot in counts else p.shape for p in trained} for slot in slots}


def zeros(plan: Plan, dtype: str) -> OptimizerState:
    """The state before the first step. Counts are float64, for any number of steps."""
    import numpy as np

    counts = plan.optimizer.counts if plan.optimizer is not None else ()
    types = {slot: "float64" if slot in counts else dtype for slot in shapes(plan)}
    return {
        slot: {name: np.zeros(shape, types[slot]) for name, shape in parameters.items()}
        for slot, parameters in shapes(plan).items()
    }


def check(plan: Plan, state: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `UsageError` unless a state has the plan's slots, parameters and shapes."""
    check_state(flat(shapes(plan)), flat(state))


def flat(state: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The arrays by one name, `slot/parameter`."""
    return {f"{slot}/{name}": array for slot, arrays in state.items() for name, array in arrays.items()}


def nested(arrays: Mapping[str, Array]) -> OptimizerState:
    """The state of such names, or of parameters' alone."""
    state: OptimizerState = {}
    for name, array in arrays.items():
        slot, found, parameter = name.partition("/")
        slot, parameter = (slot, parameter) if found else (BEFORE_SLOTS, name)
        state.setdefault(slot, {})[parameter] = array
    return state
