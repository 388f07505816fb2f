"""What the tests of the contract share: the oracle, what it and a backend are fed, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from specnet.backend import slots
from specnet.backend.protocol import Executable, State, StepResult
from specnet.numerics.randomness import stream
from specnet.plans.plan import Plan
from specnet.testing import relative_error
from specnet.testing.oracles import Interpreter
from specnet.testing.random_specs import random_batch, random_state

DROP = [0.1] * 4 + [0.01] * 4
"""The learning rates of 8 steps with a drop."""


def oracle(plan: Plan) -> Interpreter:
    """NumPy with the same random state."""
    interpreter = Interpreter(plan)
    interpreter.load_state(random_state(plan, 1))
    return interpreter


def restart(executables: Sequence[Executable], plan: Plan, seed: int) -> None:
    """The random state of a seed for each, at rest."""
    for executable in executables:
        executable.load_state(random_state(plan, seed))
        executable.load_optimizer_state(slots.zeros(plan, "float64"))


def images_for(plan: Plan, seed: int = 1) -> dict[str, Any]:
    """Four images of normal pixels for each input."""
    return {n: stream(seed, "images", n).standard_normal((4, *shape)) for n, shape in plan.inputs.items()}


def train(
    executable: Executable, plan: Plan, micro_batch: int | None = None, seed: int = 1, *, soft: bool = False
) -> list[float]:
    """Steps with a drop of the learning rate and batches of two sizes; the losses."""
    first = (seed - 1) * len(DROP)
    batches = [random_batch(plan, first + step, 4 - step % 2, soft=soft) for step in range(len(DROP))]
    steps = zip(batches, DROP, strict=True)
    return [float(executable.train_step(batch, rate, micro_batch)) for batch, rate in steps]


def joined(state: State) -> State:
    """A split state as the state of one group: shares one after another along their first size."""
    shares: dict[str, list[Any]] = {}
    for name, values in state.items():
        layer, _, role = name.rsplit(".", 2)
        shares.setdefault(f"{layer}.a.{role}", []).append(values)
    return {name: np.concatenate(values) for name, values in shares.items()}


def shortened(state: State) -> State:
    """The state of `TOWERS` under the names of `SHORT`: `one_a.a.weight` is `one.a.weight`."""
    return {name.replace("_a.", ".").replace("_b.", "."): values for name, values in state.items()}


def spoilt(state: State, damage: str) -> State:
    """A state damaged in fc4."""
    name = "fc4.a.weight"
    if damage == "missing":
        return {n: values for n, values in state.items() if n != name}
    if damage == "extra":
        return {**state, "fc4.a.weights": state[name]}
    changed = state[name].T if damage == "turned" else np.concatenate([state[name]] * 2)
    return {**state, name: changed}


def errors(got: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, float]:
    """How far each tensor is off; both have the same names, at least one."""
    assert set(got) == set(expected)
    assert expected, "there is nothing to compare"
    return {name: relative_error(got[name], values) for name, values in expected.items()}


def assert_alike(got: Mapping[str, Any], expected: Mapping[str, Any], limit: float) -> float:
    """The same names in the same shapes, and each tensor within `limit`. Returns the error of the worst."""
    off = errors(got, expected)
    worst = max(off, key=off.__getitem__)
    assert off[worst] < limit, f"{worst} is off by {off[worst]:.2e}"
    return off[worst]


def assert_alike_losses(got: Sequence[float], expected: Sequence[float], limit: float) -> float:
    return assert_alike({"losses": np.array(got)}, {"losses": np.array(expected)}, limit)


def assert_same_counts(executable: Executable, expected: Interpreter, plan: Plan, size: int) -> None:
    """A step tells how many images it gets wrong, in micro-batches of `size` and as a whole; or it tells the
    loss alone."""
    for seed, micro_batch in ((11, size), (12, None), (13, size)):
        batch = random_batch(plan, seed, 7)
        told, right = (each.train_step(batch, 0.1, micro_batch) for each in (executable, expected))
        assert isinstance(right, StepResult)
        if isinstance(told, StepResult):
            assert told.wrong is not None
            assert float(told.wrong) == right.wrong


def assert_equal(got: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """The same names, at least one, and the same finite numbers to the last bit."""
    assert set(got) == set(expected)
    assert expected, "there is nothing to compare"
    for name, values in expected.items():
        assert np.size(values), f"{name} has no value"
        assert np.isfinite(values).all(), f"{name} has a value that is not finite"
        np.testing.assert_array_equal(got[name], values, err_msg=name, strict=True)


def assert_frozen(executable: Executable, plan: Plan) -> None:
    """Steps change what is trained and nothing else; gradients and slots are of that alone."""
    before, trained = executable.state(), {p.name for p in plan.parameters if p.trained}
    assert set(executable.gradients(random_batch(plan, 1, 4))[1]) == trained
    train(executable, plan)
    after = executable.state()
    still = set(before) - trained
    assert_equal({name: after[name] for name in still}, {name: before[name] for name in still})
    assert all((after[name] != before[name]).any() for name in trained)
    assert all(set(kept) == trained for kept in executable.optimizer_state().values())
