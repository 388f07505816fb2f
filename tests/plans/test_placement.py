"""Which device each group gets: by default, as asked for, or an error."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from specnet.diagnostics.errors import DeviceError, UsageError
from specnet.plans.placement import place

GROUPS = ("left", "right")
GPUS = ["cpu", "cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (["cpu"], ["cpu", "cpu"]),
        (["cpu", "cpu:1"], ["cpu", "cpu"]),
        (["cpu", "cuda:0"], ["cuda:0", "cuda:0"]),
        (GPUS, ["cuda:0", "cuda:1"]),
    ],
)
def test_without_a_request(present: list[str], expected: list[str]) -> None:
    assert list(place(GROUPS, None, present).values()) == expected


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ("cuda:1", ["cuda:1", "cuda:1"]),
        ("cuda", ["cuda:0", "cuda:0"]),
        ("cuda:1,cuda:0", ["cuda:1", "cuda:0"]),
        ("right=cuda:0, left=cpu", ["cpu", "cuda:0"]),
        ("cpu:0", ["cpu", "cpu"]),
        ({"left": "cpu", "right": "cuda:1"}, ["cpu", "cuda:1"]),
    ],
)
def test_as_asked_for(devices: str | Mapping[str, str], expected: list[str]) -> None:
    assert list(place(GROUPS, devices, GPUS).values()) == expected


@pytest.mark.parametrize(
    ("devices", "error", "words"),
    [
        ("cuda:2", DeviceError, "cpu, cuda:0, cuda:1"),
        ("cpu:1", DeviceError, "no device 'cpu:1'"),
        ("tpu", DeviceError, "no device 'tpu'"),
        ("cpu,cpu,cpu", UsageError, "3 devices for 2 groups"),
        ("left=cpu", UsageError, "no device for group 'right'"),
        ("left=cpu,right=cpu,rihgt=cpu", UsageError, "did you mean 'right'?"),
        ("left=cpu,left=cuda:0,right=cpu", UsageError, "named twice"),
        ("left=,right=cpu", UsageError, "GROUP=DEVICE"),
        ("", DeviceError, "no device ''"),
    ],
)
def test_a_request_that_cannot_be_met_is_an_error(devices: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        place(GROUPS, devices, GPUS)
    assert words in str(caught.value)
