"""The contract on pretend GPUs. Run by tests/backends/test_devices.py, in a process that has them."""

from __future__ import annotations

import pytest
import torch

from specnet.testing.contract import BackendContract


class TestOne(BackendContract):
    backend = "torch"
    devices = ("cuda:0",)


class TestTwo(BackendContract):
    backend = "torch"
    devices = ("cuda:0", "cuda:1")


class TestTwoTurned(BackendContract):
    backend = "torch"
    devices = ("cuda:2", "cuda:0")


class TestMixed(BackendContract):
    backend = "torch"
    devices = ("cuda:0", "cpu")


class TestMixedTurned(BackendContract):
    backend = "torch"
    devices = ("cpu", "cuda:1")


def test_an_unwaited_copy_to_the_cpu_is_not_there_yet() -> None:
    value = torch.arange(3.0, device="cuda:1")
    arriving = value.to("cpu", non_blocking=True)
    assert arriving.isnan().all()
    torch.cuda.synchronize()
    assert arriving.tolist() == [0, 1, 2]


@pytest.mark.parametrize("other", ["cuda:1", "cpu"])
def test_devices_do_not_mix(other: str) -> None:
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(2, device="cuda:0") + torch.ones(2, device=other)
