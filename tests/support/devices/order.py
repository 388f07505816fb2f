"""One input has one gradient, in whatever order the devices' threads come in.

Run by tests/backends/test_devices.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from specnet.backend.batch import Batch
from specnet.backend.protocol import Executable
from specnet.testing.random_specs import random_batch
from support.devices.networks import compiled, wide

RUNS = 60


def results(executable: Executable, batch: Batch, runs: int) -> set[bytes]:
    return {
        b"".join(gradient.tobytes() for gradient in executable.gradients(batch)[1].values())
        for _ in range(runs)
    }


@pytest.mark.parametrize("groups", [2, 3, 4])
@pytest.mark.parametrize("devices", [("cuda:0", "cuda:1", "cuda:2", "cuda:3"), ("cuda:1", "cuda:0")], ids=str)
def test_one_result_and_that_of_one_device(groups: int, devices: Sequence[str]) -> None:
    made = wide(groups)
    batch = random_batch(made, 1, 8)
    found = results(compiled(made, devices), batch, RUNS)
    assert len(found) == 1
    assert found == results(compiled(made, ["cuda:0"]), batch, 1)


def test_the_native_model_has_one_result_too() -> None:
    made = wide(4)
    model = compiled(made, ["cuda:0", "cuda:1", "cuda:2", "cuda:3"]).model.eval()
    images = torch.from_numpy(random_batch(made, 1, 8).images).float()
    found = set()
    for _ in range(RUNS):
        model.zero_grad()
        model(images).square().sum().backward()
        found.add(b"".join(weight.grad.cpu().numpy().tobytes() for weight in model.parameters()))
    assert len(found) == 1
