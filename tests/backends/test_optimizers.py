"""Every optimizer over 20 float64 steps with a schedule and a cut gradient: NumPy loops written from the
formulas, both backends, a change of backend on the way, and the frameworks' own optimizers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
import torch

from specnet.backend import protocol as backends
from specnet.backend.protocol import Executable, State
from specnet.plans import plan as plans
from specnet.plans.placement import place
from specnet.plans.plan import Plan
from specnet.recipe.schedules import Steps
from specnet.testing import relative_error
from specnet.testing.oracles import Interpreter
from specnet.testing.random_specs import network_of, random_batch, random_state

pytestmark = pytest.mark.slow

STEPS = 20
SCHEDULE = Steps(factor=0.5, every=6, unit="step")
BASE, DECAY, CLIP = 0.02, 0.046875, 0.4

LOOPS = 1e-9
"""Of weights after 20 steps, against the loop. Measured: at most 9.8e-16."""

BETWEEN = 1e-9
"""The same between backends and after a change of backend. Measured: at most 7.5e-16."""

THEIRS = 1e-9
"""The same against the frameworks' own. Measured: at most 6.2e-16."""

STAYS, BETA2 = 0.875, 0.984375
"""Momentum, rho and the betas. Keras rounds them and the decay to float32, which keeps these as they are."""

Kept = dict[str, Any]
Step = Callable[[Any, Any, Kept, float, float, int], Any]
"""From a weight, its gradient, what is kept for it, rate, decay and the number of the step to the weight."""


def of_layer(name: str) -> tuple[float, float]:
    """The base rate and the decay of each parameter, as `rule` says it."""
    return {
        "hidden.gpu0.weight": (0.03, DECAY),
        "hidden.gpu0.bias": (0.05, 0.0),
        "out.gpu0.weight": (BASE, DECAY / 2),
        "out.gpu0.bias": (0.01, 0.0),
    }[name]


def plan_of(rule: Mapping[str, Any]) -> Plan:
    layers = {
        "image": {"kind": "input", "shape": [5]},
        "hidden": {"kind": "dense", "from": "image", "units": 4, "activation": "tanh"},
        "out": {"kind": "dense", "from": "hidden", "units": 3},
    }
    common = {"learning_rate": BASE, "weight_decay": DECAY, "clip_norm": CLIP}
    rates = [
        {"layers": "hid*", "role": "weight", "learning_rate": 0.03},
        {"layers": "out", "role": "weight", "weight_decay": DECAY / 2},
        {"layers": "o?t", "role": "bias", "learning_rate": 0.01},
    ]
    biases = {"learning_rate": 0.05, "weight_decay": 0}
    optimizer = {**common, "biases": biases, "rates": rates, **rule}
    loss = {"kind": "softmax_cross_entropy", "from": "out"}
    training = {"loss": loss, "optimizer": optimizer}
    return plans.make(network_of({"specnet": 1, "name": "n", "layers": layers, "training": training}))


def inside(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    kept["v"] = STAYS * kept.get("v", 0) - rate * (g + decay * w)
    return w + kept["v"]


def nesterov(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    """Sutskever et al. 2013, equations 3 and 4, for the point where the gradient is taken, w = x + m v."""
    v = kept.get("v", 0)
    x = w - STAYS * v
    kept["v"] = STAYS * v - rate * (g + decay * w)
    return x + kept["v"] + STAYS * kept["v"]


def outside(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    kept["v"] = STAYS * kept.get("v", 0) + g + decay * w
    return w - rate * kept["v"]


def nesterov_outside(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    kept["v"] = STAYS * kept.get("v", 0) + g + decay * w
    return w - rate * (g + decay * w + STAYS * kept["v"])


def adagrad(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    g = g + decay * w
    kept["s"] = kept.get("s", 0) + g**2
    return w - rate * g / (np.sqrt(kept["s"]) + 1e-10)


def rmsprop(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    g = g + decay * w
    kept["s"] = STAYS * kept.get("s", 0) + (1 - STAYS) * g**2
    return w - rate * g / (np.sqrt(kept["s"]) + 1e-8)


def centered(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    g = g + decay * w
    kept["s"] = STAYS * kept.get("s", 0) + (1 - STAYS) * g**2
    kept["a"] = STAYS * kept.get("a", 0) + (1 - STAYS) * g
    kept["v"] = 0.5 * kept.get("v", 0) + g / (np.sqrt(kept["s"] - kept["a"] ** 2) + 1e-3)
    return w - rate * kept["v"]


def adam(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    return w - rate * direction(g + decay * w, kept, t)


def adamw(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    return w - rate * direction(g, kept, t) - rate * decay * w


def amsgrad(w: Any, g: Any, kept: Kept, rate: float, decay: float, t: int) -> Any:
    return w - rate * direction(g + decay * w, kept, t, largest=True)


def direction(g: Any, kept: Kept, t: int, *, largest: bool = False) -> Any:
    """Kingma and Ba 2015, algorithm 1, with epsilon = 1e-8."""
    kept["m"] = STAYS * kept.get("m", 0) + (1 - STAYS) * g
    kept["s"] = BETA2 * kept.get("s", 0) + (1 - BETA2) * g**2
    kept["most"] = np.maximum(kept.get("most", 0), kept["s"])
    squares = kept["most"] if largest else kept["s"]
    return kept["m"] / (1 - STAYS**t) / (np.sqrt(squares / (1 - BETA2**t)) + 1e-8)


_ADAM = {"beta1": STAYS, "beta2": BETA2}
RULES: dict[str, tuple[Mapping[str, Any], Step]] = {
    "inside": ({"kind": "sgd", "momentum": STAYS}, inside),
    "nesterov": ({"kind": "sgd", "momentum": STAYS, "nesterov": True}, nesterov),
    "outside": ({"kind": "sgd", "momentum": STAYS, "rate": "outside"}, outside),
    "nesterov outside": (
        {"kind": "sgd", "momentum": STAYS, "rate": "outside", "nesterov": True},
        nesterov_outside,
    ),
    "adagrad": ({"kind": "adagrad"}, adagrad),
    "rmsprop": ({"kind": "rmsprop", "rho": STAYS}, rmsprop),
    "centered": (
        {"kind": "rmsprop", "rho": STAYS, "centered": True, "momentum": 0.5, "epsilon": 1e-3},
        centered,
    ),
    "adam": ({"kind": "adam", **_ADAM}, adam),
    "amsgrad": ({"kind": "adam", "amsgrad": True, **_ADAM}, amsgrad),
    "adamw": ({"kind": "adamw", **_ADAM}, adamw),
}


def gradients(plan: Plan, state: State, step: int) -> State:
    """The gradients of a step's batch in NumPy, cut to the length."""
    program = Interpreter(plan)
    program.load_state(state)
    found = program.gradients(random_batch(plan, step, 6))[1]
    norm = math.sqrt(sum(float((g**2).sum()) for g in found.values()))
    return {name: g * min(1, CLIP / norm) for name, g in found.items()}


def factor(step: int) -> float:
    return SCHEDULE.rate(1.0, step, 0, [])


@cache
def looped(name: str) -> State:
    """The weights after the steps of a loop in NumPy."""
    rule, step = RULES[name]
    plan = plan_of(rule)
    state, kept = random_state(plan, 1), {p.name: Kept() for p in plan.parameters}
    for t in range(STEPS):
        for key, g in gradients(plan, state, t).items():
            rate, decay = of_layer(key)
            state[key] = step(state[key], g, kept[key], rate * factor(t), decay, t + 1)
    return state


def compiled(plan: Plan, backend: str) -> Executable:
    found = backends.find(backend)
    return found.compile(plan, place(plan.groups, None, found.devices()), "float64")


def trained(executable: Executable, plan: Plan, first: int, end: int) -> None:
    for step in range(first, end):
        executable.train_step(random_batch(plan, step, 6), BASE * factor(step))


def apart(one: State, other: State) -> float:
    assert one.keys() == other.keys()
    return max(relative_error(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", RULES)
def test_both_backends_are_the_loop_and_take_over_from_each_other(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    plan = plan_of(RULES[name][0])
    one, other = compiled(plan, "torch"), compiled(plan, "tensorflow")
    for executable in (one, other):
        executable.load_state(random_state(plan, 1))
        trained(executable, plan, 0, STEPS // 2)
    halves = [(executable.state(), executable.optimizer_state()) for executable in (one, other)]
    for executable in (one, other):
        trained(executable, plan, STEPS // 2, STEPS)
    whole = [executable.state() for executable in (one, other)]
    for executable, (state, kept) in zip((other, one), halves, strict=True):
        executable.load_state(state)
        executable.load_optimizer_state(kept)
        trained(executable, plan, STEPS // 2, STEPS)
    changed = [other.state(), one.state()]
    errors = {
        "loop": max(apart(state, looped(name)) for state in whole),
        "between": max(apart(*whole), apart(*changed), *map(apart, changed, whole)),
    }
    for of, error in errors.items():
        record_property(of, error)
    assert errors["loop"] < LOOPS
    assert errors["between"] < BETWEEN


def in_torch(name: str) -> State:
    """The weights after the steps of PyTorch's own optimizer of the same formula."""
    makers: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "outside": lambda groups: torch.optim.SGD(groups, momentum=STAYS),
        "nesterov outside": lambda groups: torch.optim.SGD(groups, momentum=STAYS, nesterov=True),
        "adagrad": torch.optim.Adagrad,
        "rmsprop": lambda groups: torch.optim.RMSprop(groups, alpha=STAYS),
        "centered": lambda groups: torch.optim.RMSprop(
            groups, alpha=STAYS, eps=1e-3, momentum=0.5, centered=True
        ),
        "adam": lambda groups: torch.optim.Adam(groups, betas=(STAYS, BETA2)),
        "amsgrad": lambda groups: torch.optim.Adam(groups, betas=(STAYS, BETA2), amsgrad=True),
        "adamw": lambda groups: torch.optim.AdamW(groups, betas=(STAYS, BETA2)),
    }
    plan = plan_of(RULES[name][0])
    weights = {key: torch.from_numpy(value) for key, value in random_state(plan, 1).items()}
    groups = [
        {"params": [w], "lr": of_layer(key)[0], "weight_decay": of_layer(key)[1]}
        for key, w in weights.items()
    ]
    optimizer = makers[name](groups)
    for step in range(STEPS):
        now = {key: w.detach().numpy().copy() for key, w in weights.items()}
        for (key, g), group in zip(gradients(plan, now, step).items(), optimizer.param_groups, strict=True):
            weights[key].grad = torch.from_numpy(g)
            group["lr"] = of_layer(key)[0] * factor(step)
        optimizer.step()
    return {key: w.numpy() for key, w in weights.items()}


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("inside", "nesterov")])
def test_pytorchs_own_is_the_same(name: str, record_property: Callable[[str, object], None]) -> None:
    error = apart(in_torch(name), looped(name))
    record_property("apart", error)
    assert error < THEIRS


TINY = 1e-200
"""An epsilon too small to see: where it stands is what tells Keras's formulas from ours."""
_BETAS = {"beta_1": STAYS, "beta_2": BETA2, "epsilon": TINY}
KERAS: dict[str, Callable[[float, float], Any]] = {
    "inside": lambda rate, decay: keras.optimizers.SGD(rate, momentum=STAYS),
    "nesterov": lambda rate, decay: keras.optimizers.SGD(rate, momentum=STAYS, nesterov=True),
    "adagrad": lambda rate, decay: keras.optimizers.Adagrad(
        rate, initial_accumulator_value=0.0, epsilon=TINY
    ),
    "rmsprop": lambda rate, decay: keras.optimizers.RMSprop(rate, rho=STAYS, epsilon=TINY),
    "adam": lambda rate, decay: keras.optimizers.Adam(rate, **_BETAS),
    "amsgrad": lambda rate, decay: keras.optimizers.Adam(rate, **_BETAS, amsgrad=True),
    "adamw": lambda rate, decay: keras.optimizers.AdamW(rate, decay, **_BETAS),
}


@pytest.fixture
def in_float64() -> Iterator[None]:
    """Keras keeps learning rates in its default type."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize("name", KERAS)
def test_kerass_own_is_the_same_but_for_epsilon(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """Its decay never goes through the gradient, so it is added there for all but adamw."""
    rule = RULES[name][0]
    plan = plan_of(rule if rule["kind"] == "sgd" else {**rule, "epsilon": TINY})
    variables = {key: keras.Variable(value) for key, value in random_state(plan, 1).items()}
    own = {key: KERAS[name](*of_layer(key)) for key in variables}
    for step in range(STEPS):
        now = {key: variable.numpy() for key, variable in variables.items()}
        for key, g in gradients(plan, now, step).items():
            rate, decay = of_layer(key)
            own[key].learning_rate = rate * factor(step)
            through = 0 if name == "adamw" else decay
            own[key].apply([keras.ops.convert_to_tensor(g + through * now[key])], [variables[key]])
    ours = compiled(plan, "torch")
    ours.load_state(random_state(plan, 1))
    trained(ours, plan, 0, STEPS)
    error = apart({key: variable.numpy() for key, variable in variables.items()}, ours.state())
    record_property("apart", error)
    assert error < THEIRS
