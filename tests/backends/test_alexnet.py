"""The paper's AlexNet at full size: forward, gradients and ten steps, PyTorch beside TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import specnet
from helpers import relative_error
from specnet import backend as backends
from specnet import plan
from specnet.backend import Batch
from specnet.initial import initial_state
from specnet.network import analyse
from specnet.plan import Plan

PLACES = {"torch": ("cpu", "cpu"), "tensorflow": ("cpu", "cpu:1")}
Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def alexnet(specs: Path) -> Plan:
    return plan.make(analyse(specnet.load(specs / "alexnet.yaml")))


def batches(made: Plan, count: int) -> Iterator[Batch]:
    """Batches of two images of grey levels about a mean, with labels and dropout masks."""
    random = np.random.RandomState(1)
    for _ in range(count):
        masks = {name: random.randint(0, 2, (2, 2048)).astype(np.uint8) for name in made.masks}
        yield Batch(random.randn(2, 3, 224, 224) * 60, random.randint(0, 1000, 2).astype(np.int64), masks)


def compute(made: Plan, name: str, precision: Literal["float32", "float64"]) -> list[Found]:
    """For each of three batches the output and the gradients, then the weights after ten steps.

    The learning rate is the paper's, 0.01 for 128 images, scaled to the two images of a batch.
    """
    placement = dict(zip(made.groups, PLACES[name], strict=True))
    executable = backends.find(name).compile(made, placement, precision)
    executable.load_state(initial_state(made, 0, precision))
    results: list[Found] = []
    for batch in batches(made, 3):
        output = executable.forward({"image": batch.images})
        results.append({"forward": output, "gradients": executable.gradients(batch)[1]})
    for batch in batches(made, 10):
        executable.train_step(batch, 0.01 * 2 / 128)
    return [*results, {"weights": executable.state()}]


def pairs(made: Plan, precision: Literal["float32", "float64"]) -> list[tuple[Found, Found]]:
    """What the two backends find, side by side."""
    torch, tensorflow = (compute(made, name, precision) for name in PLACES)
    return list(zip(torch, tensorflow, strict=True))


def errors(pair: tuple[Found, Found], what: str) -> dict[str, float]:
    one, other = pair
    return {name: relative_error(values, other[what][name]) for name, values in one[what].items()}


def test_float32(alexnet: Plan) -> None:
    *batchwise, ten_steps = pairs(alexnet, "float32")
    # Measured: 1.1e-6.
    assert max(max(errors(pair, "forward").values()) for pair in batchwise) < 5e-5
    # The gradient jumps where a ReLU's input is zero or two pixels of a pooling window are equal. Of the
    # million decisions in a batch one may lie so near that float32 rounding decides it otherwise; then the
    # gradients differ by up to a few percent in that batch. A fault of a backend would show in every batch,
    # so each tensor is held to its best one. Measured: 1.6e-6, and 2.4e-2 in the batch with such a unit.
    gradients = [errors(pair, "gradients") for pair in batchwise]
    assert max(min(found[name] for found in gradients) for name in gradients[0]) < 1e-4
    # Biases that start at zero are nothing but a sum of gradients, so the same jumps stand in them whole.
    weights = errors(ten_steps, "weights")
    zeros = {name for name in weights if name.startswith(("conv1", "conv3", "fc8")) and name.endswith("bias")}
    # Measured: 4.0e-5, and 1.3e-2 for those biases; in float64, below, they agree like everything else.
    assert max(error for name, error in weights.items() if name not in zeros) < 1e-3
    assert max(weights[name] for name in zeros) < 5e-2


def test_float64(alexnet: Plan) -> None:
    *batchwise, ten_steps = pairs(alexnet, "float64")
    # Measured: 4.4e-15 forward, 4.8e-15 for the gradients, 3.2e-15 for the weights.
    assert max(max(errors(pair, "forward").values()) for pair in batchwise) < 1e-12
    assert max(max(errors(pair, "gradients").values()) for pair in batchwise) < 1e-10
    assert max(errors(ten_steps, "weights").values()) < 1e-10
