"""On one device, too: nothing but the plan's transfers moves data between groups."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import specnet
from specnet.backend.batch import Batch
from specnet.network.network import analyse
from specnet.plans import plan
from specnet.plans.initial_values import initial_state
from specnet.plans.operations import Compute, Operation
from specnet.plans.plan import Plan
from specnet.spec.spec import load
from specnet.syntax import document
from specnet.testing.comparing import assert_equal
from specnet_torch.executable import TorchExecutable
from support.apart import CrossingError, groups_apart

CPU = {"gpu0": "cpu", "gpu1": "cpu"}


def op(made: Plan) -> int:
    """One training step with the groups watched; returns the number of transfers."""
    executable = TorchExecutable(made, CPU, "float64")
    executable.load_state(initial_state(made, 0, "float64"))
    random = np.random.RandomState(0)
    shapes = {s.name: s.output_shape for s in made.computes}
    masks = {name: random.randint(0, 2, (3, *shapes[name])).astype(np.uint8) for name in made.masks}
    batch = Batch(random.randn(3, 1, 40, 40), np.array([1, 2, 3]), masks)
    with groups_apart(executable.model) as watch:
        executable.train_step(batch, 0.1)
    plain = TorchExecutable(made, CPU, "float64")
    plain.load_state(initial_state(made, 0, "float64"))
    plain.train_step(batch, 0.1)
    assert_equal(executable.state(), plain.state())
    return watch.transfers


def test_only_the_transfers_cross(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet_digits.yaml")))
    assert op(made) == 2 * len(made.transfers) == 14


def test_cutting_the_gradient_moves_a_number_for_each_parameter_and_the_factor_back(specs: Path) -> None:
    spec = document.read(specs / "alexnet_digits.yaml")
    spec.override("training.optimizer.clip_norm=0.1")
    made = plan.make(analyse(load(spec)))
    elsewhere = [parameter for parameter in made.parameters if parameter.group == "gpu1"]
    assert op(made) == 14 + len(elsewhere) + 1


def test_a_value_read_across_without_a_transfer_is_caught(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet_digits.yaml")))

    def cheat(op: Operation) -> Operation:
        if not isinstance(op, Compute) or op.name != "fc7.gpu1":
            return op
        direct = tuple(tuple(name.split("@")[0] for name in argument) for argument in op.arguments)
        return dataclasses.replace(op, arguments=direct)

    broken = dataclasses.replace(made, operations=tuple(cheat(s) for s in made.operations))
    with pytest.raises(CrossingError, match="gpu0 and gpu1"):
        op(broken)
