"""What moves values about and leaves them as they are in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from specnet.backend.kinds import Run
from specnet.plans.operations import Compute
from specnet_torch.layers.base import Weights, layer


@layer("flatten")
def flatten(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0].flatten(1)


@layer("concat")
def concat(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    return inputs[0]
