"""bfloat16 against float32 and across the backends: eight bits of significand, 2**-9 a rounding."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specnet
from specnet.backend import protocol as backends
from specnet.backend.batch import Batch
from specnet.backend.protocol import Executable, Precision
from specnet.network.network import analyse
from specnet.plans import plan
from specnet.plans.initial_values import initial_state
from specnet.plans.plan import Plan
from specnet.testing import relative_error

Hold = Callable[[str, float, float], None]
Programs = Callable[[str, Precision], Executable]


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


@pytest.fixture(scope="module")
def programs(made: Plan) -> Programs:
    """The network by backend and precision, compiled once for all seeds."""
    return cache(
        lambda name, precision: backends.find(name).compile(
            made, dict.fromkeys(made.groups, "cpu"), precision
        )
    )


def found(made: Plan, executable: Executable, seed: int) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Output, gradients and the state after a step."""
    executable.load_state(initial_state(made, seed))
    random = np.random.RandomState(seed)
    shapes = {op.name: op.output_shape for op in made.computes}
    masks = {step: random.randint(0, 2, (16, *shapes[step])).astype(np.uint8) for step in made.masks}
    images = random.randn(16, 1, 40, 40).astype(np.float32)
    batch = Batch(images, random.randint(0, 10, 16).astype(np.int64), masks)
    (output,) = executable.forward({"image": images}).values()
    gradients = executable.gradients(batch)[1]
    executable.train_step(batch, 0.01)
    return output, gradients, executable.state()


def distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Relative error of all tensors laid end to end: single gradients may jump at a ReLU."""
    assert one.keys() == other.keys()
    return float(
        np.sqrt(
            sum(((one[n] - other[n]) ** 2).sum() for n in one) / sum((o**2).sum() for o in other.values())
        )
    )


@pytest.mark.seeds(3)
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_bfloat16_is_float32_within_its_rounding(
    made: Plan, programs: Programs, backend: str, seed: int, hold: Hold
) -> None:
    half, single = (found(made, programs(backend, p), seed) for p in ("bfloat16", "float32"))
    assert half[0].dtype == np.float32
    assert all(array.dtype == np.float32 for array in half[2].values())
    # Measured over 10 seeds, both networks and backends: 1.1e-2 for the outputs, 1.5e-1 for the gradients.
    hold("outputs", relative_error(half[0], single[0]), 2e-2)
    hold("gradients", distance(half[1], single[1]), 2e-1)
    assert relative_error(half[0], single[0]) > 1e-5, "it does round"


@pytest.mark.seeds(3)
def test_the_backends_agree_in_bfloat16(made: Plan, programs: Programs, seed: int, hold: Hold) -> None:
    torch, tensorflow = (found(made, programs(name, "bfloat16"), seed) for name in ("torch", "tensorflow"))
    # Measured over 10 seeds: 4.6e-3 for the outputs, 3.9e-3 for the gradients.
    hold("outputs", relative_error(torch[0], tensorflow[0]), 1e-2)
    hold("gradients", distance(torch[1], tensorflow[1]), 2e-2)
