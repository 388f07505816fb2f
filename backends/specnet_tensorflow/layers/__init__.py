"""The built-in layer kinds in TensorFlow: a registered function for each, by families."""

from specnet_tensorflow.layers import conv, dense, elementwise, normalize, pool, rearrange  # noqa: F401  (each registers its own)
from specnet_tensorflow.layers.base import Layout, Tensor, channels_first, channels_last, kinds, layer

__all__ = ["Layout", "Tensor", "channels_first", "channels_last", "kinds", "layer"]
