"""The PyTorch backend: devices and compilation."""

from __future__ import annotations

import torch

from specnet.backend import Precision
from specnet.placement import Placement
from specnet.plan import Plan
from specnet_torch.executable import TorchExecutable
from specnet_torch.memory import enough_memory


class TorchBackend:
    """Implements `specnet.backend.Backend`."""

    name = "torch"

    def devices(self) -> list[str]:
        return ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]

    @enough_memory()
    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> TorchExecutable:
        return TorchExecutable(plan, placement, precision)
