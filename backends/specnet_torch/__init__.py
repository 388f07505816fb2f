"""specnet's PyTorch backend: the entry point `torch` of the group `specnet.backends`.

`layer`, `activation`, `loss` and `optimizer` register the functions that carry out a kind; the modules
`layers`, `activations`, `losses` and `optimizers` say what such a function takes and gives.
"""

from specnet.backend.kinds import Run
from specnet_torch.activations import activation
from specnet_torch.backend import TorchBackend
from specnet_torch.layers import layer
from specnet_torch.losses import loss
from specnet_torch.model import TorchModel
from specnet_torch.optimizers import optimizer

__all__ = ["Run", "TorchBackend", "TorchModel", "activation", "layer", "loss", "optimizer"]
