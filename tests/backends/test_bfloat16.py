"""bfloat16 against float32 and across the backends: eight bits of significand, 2**-9 a rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specnet
from helpers import relative_error
from specnet import backend as backends
from specnet import plan
from specnet.backend import Batch, Precision
from specnet.initial import initial_state
from specnet.network import analyse
from specnet.plan import Plan


@pytest.fixture(scope="module", params=["alexnet_digits", "resnet"])
def made(request: pytest.FixtureRequest, specs: Path) -> Plan:
    """A network with lrn and dropout, and one with batch norm and additions."""
    if request.param == "alexnet_digits":
        return plan.make(analyse(specnet.load(specs / "alexnet_digits.yaml")))
    source = {
        "specnet": 1,
        "name": "resnet",
        "layers": {
            "image": {"kind": "input", "shape": [1, 40, 40]},
            "conv1": {"kind": "conv", "from": "image", "filters": 8, "kernel": 3, "bias": "none"},
            "bn1": {"kind": "batch_norm", "from": "conv1", "activation": "relu"},
            "conv2": {"kind": "conv", "from": "bn1", "filters": 8, "kernel": 3, "padding": 1},
            "sum": {"kind": "add", "from": ["conv2", "bn1"], "activation": "relu"},
            "pool": {"kind": "global_avg_pool", "from": "sum"},
            "fc": {"kind": "dense", "from": "pool", "units": 10},
        },
        "training": {
            "loss": {"kind": "softmax_cross_entropy", "from": "fc"},
            "optimizer": {"kind": "sgd", "learning_rate": 0.1},
        },
    }
    return plan.make(analyse(specnet.load(source)))


def found(made: Plan, name: str, precision: Precision) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Output, gradients and the state after a step."""
    executable = backends.find(name).compile(made, dict.fromkeys(made.groups, "cpu"), precision)
    executable.load_state(initial_state(made, 0))
    random = np.random.RandomState(0)
    shapes = {step.name: step.output_shape for step in made.computes}
    masks = {step: random.randint(0, 2, (16, *shapes[step])).astype(np.uint8) for step in made.masks}
    images = random.randn(16, 1, 40, 40).astype(np.float32)
    batch = Batch(images, random.randint(0, 10, 16).astype(np.int64), masks)
    (output,) = executable.forward({"image": images}).values()
    gradients = executable.gradients(batch)[1]
    executable.train_step(batch, 0.01)
    return output, gradients, executable.state()


def distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Relative error of all tensors laid end to end: single gradients may jump at a ReLU."""
    return float(
        np.sqrt(
            sum(((one[n] - other[n]) ** 2).sum() for n in one) / sum((o**2).sum() for o in other.values())
        )
    )


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_bfloat16_is_float32_within_its_rounding(made: Plan, backend: str) -> None:
    half, single = found(made, backend, "bfloat16"), found(made, backend, "float32")
    assert half[0].dtype == np.float32
    assert all(array.dtype == np.float32 for array in half[2].values())
    # Measured: 9.2e-3 for the outputs, 8.5e-2 for the gradients, over both networks and backends.
    assert relative_error(half[0], single[0]) < 2e-2
    assert distance(half[1], single[1]) < 2e-1
    assert relative_error(half[0], single[0]) > 1e-5, "it does round"


def test_the_backends_agree_in_bfloat16(made: Plan) -> None:
    torch, tensorflow = (found(made, name, "bfloat16") for name in ("torch", "tensorflow"))
    # Measured: 5.2e-3 for the outputs, 1.7e-2 for the gradients.
    assert relative_error(torch[0], tensorflow[0]) < 1e-2
    assert distance(torch[1], tensorflow[1]) < 5e-2
