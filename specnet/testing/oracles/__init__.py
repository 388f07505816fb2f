"""Every built-in kind in NumPy, float64, written from its formula and unlike any backend's code.

Plain loops over windows, maps and steps: slow, and meant to be read. Arrays are canonical throughout:
images (n, channels, height, width), weights (out, in, height, width) or (out, in).
"""

from specnet.testing.oracles.base import Circumstances, Result
from specnet.testing.oracles.interpreter import Interpreter, clipped, cross_entropy, sgd
from specnet.testing.oracles.kinds import ACTIVATIONS, ORACLES

__all__ = [
    "ACTIVATIONS",
    "ORACLES",
    "Circumstances",
    "Interpreter",
    "Result",
    "clipped",
    "cross_entropy",
    "sgd",
]
