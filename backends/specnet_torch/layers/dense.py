"""Dense layers in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from specnet.backend.kinds import Run
from specnet.plans.operations import Compute
from specnet_torch import fast
from specnet_torch.layers.base import Weights, layer


@layer("dense")
def dense(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return fast.linear(inputs[0].flatten(1), weights["weight"], weights.get("bias"))
