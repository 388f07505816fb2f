"""Float32 runs of two backends over several seeds, and the decisions that make two programs part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from specnet.backend import protocol as backends
from specnet.backend.batch import Batch
from specnet.plans.placement import place
from specnet.testing import parting
from specnet.testing.cases import net
from specnet.testing.decisions import decided_otherwise
from specnet.testing.random_specs import random_state


def test_float32_runs_of_several_seeds_agree_or_say_why_not(specs: Path) -> None:
    """Measured: all equal to the last bit, as are 30 seeds. When each backend rounded in its own way, these
    were apart by 2.6e-4, 3.4e-4, 1.1e-3 and 1.5e-3."""
    together = parting.SideBySide(str(specs / "alexnet_digits.yaml"), ["torch", "tensorflow"])
    found = [together.compare(seed, 12) for seed in (2, 7, 8, 15)]
    assert [str(p) for p in found if not p.explained] == []
    assert sum(p.error <= parting.LIMIT for p in found) >= 3


TOUCHY = net(
    "touchy",
    {
        "image": {"kind": "input", "shape": [2, 1, 2]},
        "conv": {"kind": "conv", "from": "image", "filters": 1, "kernel": 1, "activation": "relu"},
        "pool": {"kind": "max_pool", "from": "conv", "kernel": [1, 2]},
        "fc": {"kind": "dense", "from": "pool", "units": 2},
    },
    loss="fc",
)


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_what_was_decided_otherwise_is_named_with_both_values(backend: str) -> None:
    """Image 0 has pixels (1, 0) and (0, 1), so the larger weight wins; image 1 is nothing but bias."""
    plan = TOUCHY.plan
    program = backends.find(backend).compile(plan, place(plan.groups, "cpu", ["cpu"]), "float64")
    images = np.array([[[[1.0, 0.0]], [[0.0, 1.0]]], [[[0.0, 0.0]], [[0.0, 0.0]]]])
    batch = Batch(images, np.array([0, 1]))
    states, seen = [], []
    for first, second, bias in ((1.5, 1.25, 2.0**-30), (1.25, 1.5, -(2.0**-30))):
        weight = np.array([first, second]).reshape(1, 2, 1, 1)
        state = {**random_state(plan, 1), "conv.a.weight": weight, "conv.a.bias": np.array([bias])}
        program.load_state(state)
        states.append(state)
        seen.append(program.watch(batch)[0])  # type: ignore[attr-defined]
    *relus, window = decided_otherwise(plan, batch, states, seen)
    assert [(d.op, d.image, d.unit, d.values) for d in relus] == [
        ("conv.a", 1, (0, 0, 0), (2.0**-30, -(2.0**-30))),
        ("conv.a", 1, (0, 0, 1), (2.0**-30, -(2.0**-30))),
    ]
    assert (window.op, window.image, window.unit) == ("pool.a", 0, (0, 0, 0))
    assert window.values == (0.25, -0.25)
    assert "conv.a, image 1, unit (0, 0, 0): before its ReLU 9.3e-10 in one, -9.3e-10" in relus[0].told(
        "one", "two"
    )


FROZEN = net(
    "frozen",
    {
        "image": {"kind": "input", "shape": [1]},
        "lift": {"kind": "dense", "from": "image", "units": 1, "bias": "none"},
        "norm": {
            "kind": "batch_norm",
            "from": "lift",
            "epsilon": 1,
            "trainable": False,
            "activation": "relu",
        },
        "fc": {"kind": "dense", "from": "norm", "units": 2},
    },
    loss="fc",
)


def test_a_frozen_batch_norm_decides_by_its_running_statistics() -> None:
    """Running means of 3.5 and 2.5 for the values 1, 2, 3, 4, whose own mean is another."""
    plan = FROZEN.plan
    program = backends.find("torch").compile(plan, place(plan.groups, "cpu", ["cpu"]), "float64")
    batch = Batch(np.array([[1.0], [2.0], [3.0], [4.0]]), np.zeros(4, np.int64))
    states, seen = [], []
    for mean in (3.5, 2.5):
        numbers = {"weight": 2.0, "bias": 0.0, "running_mean": mean, "running_var": 3.0}
        norm = {f"norm.a.{role}": np.array([value]) for role, value in numbers.items()}
        state = {**random_state(plan, 1), "lift.a.weight": np.ones((1, 1)), **norm}
        program.load_state(state)
        states.append(state)
        seen.append(program.watch(batch)[0])  # type: ignore[attr-defined]
    (found,) = decided_otherwise(plan, batch, states, seen)
    assert (found.op, found.image, found.unit, found.values) == ("norm.a", 2, (0,), (-0.5, 0.5))


def test_a_seed_that_parts_without_a_decision_is_not_explained() -> None:
    assert parting.Parting(0, 1e-6).explained
    assert parting.Parting(0, 1e-3, ("step 4, ...",)).explained
    assert not parting.Parting(0, 1e-3).explained


def test_command_names_a_backend_that_is_not_there(capsys: pytest.CaptureFixture[str], specs: Path) -> None:
    spec = str(specs / "alexnet_digits.yaml")
    assert parting.main([spec, "--seeds", "1", "--backends", "torch,torhc"]) == 2
    assert "torhc" in capsys.readouterr().err
