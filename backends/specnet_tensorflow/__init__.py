"""specnet's TensorFlow backend: the entry point `tensorflow` of the group `specnet.backends`.

`layer`, `activation`, `loss` and `optimizer` register the functions that carry out a kind; the modules
`layers`, `activations`, `losses` and `optimizers` say what such a function takes and gives.
"""

from specnet.backend.kinds import Run
from specnet_tensorflow import startup  # noqa: F401  (before anything else imports TensorFlow)
from specnet_tensorflow.activations import activation
from specnet_tensorflow.backend import TensorFlowBackend
from specnet_tensorflow.devices import on_devices
from specnet_tensorflow.layers import Layout, layer
from specnet_tensorflow.losses import loss
from specnet_tensorflow.optimizers import optimizer

__all__ = ["Layout", "Run", "TensorFlowBackend", "activation", "layer", "loss", "on_devices", "optimizer"]
