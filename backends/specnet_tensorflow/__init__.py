"""specnet's TensorFlow backend: the entry point `tensorflow` of the group `specnet.backends`."""

from specnet_tensorflow import startup  # noqa: F401  (before anything else imports TensorFlow)
from specnet_tensorflow.backend import TensorFlowBackend
from specnet_tensorflow.devices import on_devices
from specnet_tensorflow.registry import Layout, Run, implements

__all__ = ["Layout", "Run", "TensorFlowBackend", "implements", "on_devices"]
