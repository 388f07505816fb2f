"""On one device, too: nothing but the plan's transfers moves data between groups."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import specnet
from specnet import document, plan
from specnet.backend import Batch
from specnet.initial import initial_state
from specnet.network import analyse
from specnet.plan import Compute, Plan, Step
from specnet.spec import load
from specnet_torch.apart import CrossingError, groups_apart
from specnet_torch.executable import TorchExecutable

CPU = {"gpu0": "cpu", "gpu1": "cpu"}


def step(made: Plan) -> int:
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
    for name, array in plain.state().items():
        np.testing.assert_array_equal(array, executable.state()[name])
    return watch.transfers


def test_only_the_transfers_cross(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet_digits.yaml")))
    assert step(made) == 2 * len(made.transfers) == 14


def test_cutting_the_gradient_moves_a_number_for_each_parameter_and_the_factor_back(specs: Path) -> None:
    spec = document.read(specs / "alexnet_digits.yaml")
    spec.override("training.optimizer.clip_norm=0.1")
    made = plan.make(analyse(load(spec)))
    elsewhere = [parameter for parameter in made.parameters if parameter.group == "gpu1"]
    assert step(made) == 14 + len(elsewhere) + 1


def test_a_value_read_across_without_a_transfer_is_caught(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet_digits.yaml")))

    def cheat(step: Step) -> Step:
        if not isinstance(step, Compute) or step.name != "fc7.gpu1":
            return step
        direct = tuple(tuple(name.split("@")[0] for name in argument) for argument in step.arguments)
        return dataclasses.replace(step, arguments=direct)

    broken = dataclasses.replace(made, steps=tuple(cheat(s) for s in made.steps))
    with pytest.raises(CrossingError, match="gpu0 and gpu1"):
        step(broken)
