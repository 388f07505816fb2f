"""`channel_scale` in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from specnet.plans.operations import Compute
from specnet_torch import Run, implements


@implements("channel_scale")
def channel_scale(op: Compute, inputs: Sequence[Tensor], weights: Mapping[str, Tensor], run: Run) -> Tensor:
    x = inputs[0]
    return x * weights["weight"].reshape(-1, *[1] * (x.ndim - 2))
