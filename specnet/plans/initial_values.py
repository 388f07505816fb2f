"""Initial values: drawn here in NumPy for every backend, a pure function of the seed and the name."""

from __future__ import annotations

import numpy as np

from specnet.numerics.randomness import Array, stream
from specnet.plans.operations import Parameter
from specnet.plans.plan import Plan


def initial_value(parameter: Parameter, seed: int) -> Array:
    """One parameter's starting values, float64, in its canonical shape."""
    if isinstance(parameter.initial, float):
        return np.full(parameter.shape, parameter.initial)
    return parameter.initial.sample(stream(seed, "initial value", parameter.name), parameter.shape)


def initial_state(plan: Plan, seed: int, dtype: str = "float32") -> dict[str, Array]:
    """Starting values of a plan's parameters by canonical name, drawn in float64 and rounded to `dtype`."""
    return {p.name: initial_value(p, seed).astype(dtype) for p in plan.parameters}
