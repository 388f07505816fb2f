"""The PyTorch backend: devices and compilation."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from specnet.backend.protocol import Precision
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_torch.archive import archived
from specnet_torch.devices import present
from specnet_torch.executable import TorchExecutable
from specnet_torch.out_of_memory import reraise_out_of_memory


class TorchBackend:
    """Implements `specnet.backend.protocol.Backend`."""

    name = "torch"

    def devices(self) -> list[str]:
        return present()

    @reraise_out_of_memory()
    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> TorchExecutable:
        return TorchExecutable(plan, placement, precision)

    def archive(self, model: nn.Module, shape: Sequence[int]) -> bytes:
        """A module as an archive of torch.export: see `archived`."""
        return archived(model, shape)
