"""The built-in layer kinds in PyTorch: a registered function for each, by families."""

from specnet_torch.layers import conv, dense, elementwise, normalize, pool, rearrange  # noqa: F401  (each registers its own)
from specnet_torch.layers.base import layer

__all__ = ["FRESH", "layer"]

FRESH = frozenset({"conv", "dense", "batch_norm"})
"""Kinds whose output is a new tensor that their own gradient does not look at: it may be changed in place."""
