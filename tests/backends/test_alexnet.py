"""The paper's AlexNet at full size: forward, gradients and ten steps, PyTorch beside TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from helpers import relative_error

import specnet
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


def compute(made: Plan, name: str, precision: Literal["float32", "float64"], steps: int) -> list[Found]:
    """For each of three batches the output and the gradients, then the weights after some steps."""
    placement = dict(zip(made.groups, PLACES[name], strict=True))
    executable = backends.find(name).compile(made, placement, precision)
    executable.load_state(initial_state(made, 0, precision))
    results: list[Found] = []
    for batch in batches(made, 3):
        output = executable.forward({"image": batch.images})
        results.append({"forward": output, "gradients": executable.gradients(batch)[1]})
    for batch in batches(made, steps):
        executable.train_step(batch, 0.01)
    return [*results, {"weights": executable.state()}]


def errors(one: Found, other: Found, what: str) -> dict[str, float]:
    return {name: relative_error(values, other[what][name]) for name, values in one[what].items()}


def test_float32(alexnet: Plan) -> None:
    torch = compute(alexnet, "torch", "float32", 10)
    tensorflow = compute(alexnet, "tensorflow", "float32", 10)
    pairs = list(zip(torch, tensorflow, strict=True))
    # Measured: FORWARD32.
    assert max(max(errors(*pair, "forward").values()) for pair in pairs[:3]) < 5e-5
    # The gradient jumps where a ReLU's input is zero or two pixels of a pooling window are equal. Of the
    # million decisions in a batch one may lie so near that float32 rounding decides it otherwise, and then the
    # gradients differ by a few percent in that batch. A fault of a backend would show in every batch, so each
    # tensor is held to its best one. Measured: GRADIENT32.
    found = [errors(*pair, "gradients") for pair in pairs[:3]]
    assert max(min(e[name] for e in found) for name in found[0]) < 1e-4
    # Measured: WEIGHTS32.
    assert max(errors(*pairs[3], "weights").values()) < 1e-3


def test_float64(alexnet: Plan) -> None:
    torch, tensorflow = (compute(alexnet, name, "float64", 0) for name in PLACES)
    for one, other in zip(torch[:3], tensorflow[:3], strict=True):
        # Measured: FORWARD64 forward, GRADIENT64 for the gradients.
        assert max(errors(one, other, "forward").values()) < 1e-12
        assert max(errors(one, other, "gradients").values()) < 1e-10
