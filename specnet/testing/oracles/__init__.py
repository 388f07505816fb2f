"""Every built-in kind in NumPy, float64, written from its formula and unlike any backend's code.

Plain loops over windows, maps and steps: slow, and meant to be read. Arrays are canonical throughout:
images (n, channels, height, width), weights (out, in, height, width) or (out, in).
"""

from specnet.testing.oracles import (  # noqa: F401  (each registers its own)
    activations,
    conv,
    dense,
    elementwise,
    normalize,
    pool,
    rearrange,
)
from specnet.testing.oracles.base import (
    Circumstances,
    Result,
    activation_oracle,
    layer_oracle,
    loss_oracle,
    optimizer_oracle,
    oracle_of,
)
from specnet.testing.oracles.interpreter import Interpreter
from specnet.testing.oracles.losses import cross_entropy
from specnet.testing.oracles.optimizers import clipped, sgd

__all__ = [
    "Circumstances",
    "Interpreter",
    "Result",
    "activation_oracle",
    "clipped",
    "cross_entropy",
    "layer_oracle",
    "loss_oracle",
    "optimizer_oracle",
    "oracle_of",
    "sgd",
]
