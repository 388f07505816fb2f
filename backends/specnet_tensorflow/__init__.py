"""specnet's TensorFlow backend: the entry point `tensorflow` of the group `specnet.backends`."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault(
    "TF_CPP_MIN_LOG_LEVEL", "2"
)  # TensorFlow greets on stderr before anyone can ask it not to

from specnet_tensorflow.backend import TensorFlowBackend
from specnet_tensorflow.registry import Layout, Run, implements

__all__ = ["Layout", "Run", "TensorFlowBackend", "implements"]
