"""The proof that the numbers agree: NumPy oracles, the contract of a backend, random graphs, parity.

`contract.BackendContract` is inherited by the tests of every backend, a stranger's included;
`python -m specnet.testing.parity` compares the backends with each other and with NumPy on random networks.
Only `contract` needs pytest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def relative_error(a: ArrayLike, b: ArrayLike, least_scale: float = 0.0) -> float:
    """max|a - b| / max|b|, the one measure of agreement; `b` is what is expected.

    It is infinite where shapes differ, where there is no value at all, where a value is not finite, and where
    `b` is zero and `a` is not. `least_scale` takes the place of max|b| where that is smaller.
    """
    got: Any = np.asarray(a, dtype=np.float64)
    expected: Any = np.asarray(b, dtype=np.float64)
    if got.shape != expected.shape or got.size == 0:
        return float("inf")
    if not (np.isfinite(got).all() and np.isfinite(expected).all()):
        return float("inf")
    difference = float(np.abs(got - expected).max())
    if difference == 0:
        return 0.0
    scale = max(float(np.abs(expected).max()), least_scale)
    return difference / scale if scale > 0 else float("inf")
