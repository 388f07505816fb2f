"""specnet's PyTorch backend: the entry point `torch` of the group `specnet.backends`."""

from specnet_torch.backend import TorchBackend
from specnet_torch.model import TorchModel
from specnet_torch.registry import Run, implements

__all__ = ["Run", "TorchBackend", "TorchModel", "implements"]
