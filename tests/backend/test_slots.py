"""What an optimizer keeps, in memory and in a file."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from specnet.backend import slots
from specnet.diagnostics.errors import UsageError
from specnet.plans import plan as plans
from specnet.plans.plan import Plan
from specnet.recipe.optimizers import Optimizer
from specnet.testing.random_specs import network_of


class Moments(Optimizer):
    kind: Literal["moments"] = "moments"
    slots = ("first", "second", "steps")
    counts = ("steps",)


def plan() -> Plan:
    layers = {
        "image": {"kind": "input", "shape": [3, 4, 4]},
        "norm": {"kind": "batch_norm", "from": "image"},
        "out": {"kind": "dense", "from": "norm", "units": 2, "bias": "none"},
    }
    rule = Moments(learning_rate=0.1)
    loss = {"kind": "softmax_cross_entropy", "from": "out"}
    training = {"loss": loss, "optimizer": rule}
    return plans.make(network_of({"specnet": 1, "name": "n", "layers": layers, "training": training}))


NAMES = ["norm.gpu0.weight", "norm.gpu0.bias", "out.gpu0.weight"]
"""Running statistics are not trained, so nothing is kept for them."""


def test_slots_have_the_parameters_shapes_and_counts_are_numbers() -> None:
    assert slots.shapes(plan()) == {
        "first": dict(zip(NAMES, [(3,), (3,), (2, 48)], strict=True)),
        "second": dict(zip(NAMES, [(3,), (3,), (2, 48)], strict=True)),
        "steps": dict.fromkeys(NAMES, ()),
    }
    start = slots.zeros(plan(), "float32")
    assert {array.dtype.name for array in start["first"].values()} == {"float32"}
    assert {array.dtype.name for array in start["steps"].values()} == {"float64"}


def test_a_file_has_a_name_for_slot_and_parameter() -> None:
    state = slots.zeros(plan(), "float32")
    names = list(slots.flat(state))
    assert names == [f"{slot}/{name}" for slot in ("first", "second", "steps") for name in NAMES]
    assert slots.nested(slots.flat(state)) == state


def test_names_of_parameters_alone_are_velocities() -> None:
    """As checkpoints were before optimizers had slots."""
    array = np.ones(3)
    assert slots.nested({"a.gpu0.bias": array}) == {"velocity": {"a.gpu0.bias": array}}


@pytest.mark.parametrize("fault", ["slot", "parameter", "shape"])
def test_what_does_not_fit_is_refused(fault: str) -> None:
    state = slots.zeros(plan(), "float64")
    if fault == "slot":
        del state["second"]
    elif fault == "parameter":
        del state["second"][NAMES[0]]
    else:
        state["second"][NAMES[0]] = np.zeros(4)
    with pytest.raises(UsageError, match=r"'second/norm\.gpu0\.weight'"):
        slots.check(plan(), state)
