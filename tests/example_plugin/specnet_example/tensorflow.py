"""`channel_scale` in TensorFlow, where channels come last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specnet.plans.operations import Compute
from specnet_tensorflow import Run, implements


@implements("channel_scale")
def channel_scale(op: Compute, inputs: Sequence[Any], weights: Mapping[str, Any], run: Run) -> Any:
    return inputs[0] * weights["weight"]
