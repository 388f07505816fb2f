"""The oracles of the optimizers: hand-computed values."""

from __future__ import annotations

import numpy as np
import pytest

from specnet.testing import relative_error
from specnet.testing.oracles import (
    clipped,
    sgd,
)
from specnet.testing.oracles.base import Values
from specnet.testing.oracles.optimizers import adagrad


def test_momentum_over_a_drop_of_the_learning_rate() -> None:
    """Minimise w ** 2 / 2 with 0.01, and with 0.001 after 30 steps.

    The step is linear in (w, v), so powers of its matrix say where it must be. The rule that keeps the
    learning rate outside the velocity (PyTorch's) agrees until the drop and parts in the second digit.
    """
    m = 0.9

    def matrix(rate: float) -> Values:
        return np.array([[1 - rate, m], [-rate, m]])

    w, v = np.array([1.0]), np.array([0.0])
    outside, buffer = 1.0, 0.0
    for step in range(40):
        rate = 0.01 if step < 30 else 0.001
        w, v = sgd(w, v, w, rate, m, 0.0)
        buffer = m * buffer + outside
        outside -= rate * buffer
        if step == 29:
            assert abs(outside / w[0] - 1) < 1e-12
    before = np.linalg.matrix_power(matrix(0.01), 30)
    expected = np.linalg.matrix_power(matrix(0.001), 10) @ before @ [1.0, 0.0]
    assert relative_error([w[0], v[0]], expected) < 1e-12
    assert abs(outside / w[0] - 1) > 0.01


def test_decay_is_part_of_the_gradient() -> None:
    """One step from w = 2, v = 3 with gradient 4: v = 0.9 * 3 - 0.1 * (4 + 0.5 * 2) = 2.2, w = 4.2."""
    w, v = sgd(np.array([2.0]), np.array([3.0]), np.array([4.0]), 0.1, 0.9, 0.5)
    assert (w[0], v[0]) == (pytest.approx(4.2), pytest.approx(2.2))


def test_adagrad_slows_down_where_gradients_were_large() -> None:
    """w = 1 with the gradients 3 and 4: the roots of the sums are 3 and 5, so w = 1 - 0.1 - 0.08.

    With decay 0.5 and the gradient 2.5 the first step is that of 3, which is 0.1 long, too.
    """
    w, squares = adagrad(np.array([1.0]), np.array([0.0]), np.array([3.0]), 0.1, 1e-10, 0.0)
    assert (w[0], squares[0]) == (pytest.approx(0.9), pytest.approx(9.0))
    w, squares = adagrad(w, squares, np.array([4.0]), 0.1, 1e-10, 0.0)
    assert (w[0], squares[0]) == (pytest.approx(0.82), pytest.approx(25.0))
    decayed, _ = adagrad(np.array([1.0]), np.array([0.0]), np.array([2.5]), 0.1, 1e-10, 0.5)
    assert decayed[0] == pytest.approx(0.9)


def test_a_gradient_is_cut_where_it_is_too_long() -> None:
    """3, 4 and 12 are 13 long; cut to 6.5, 4 becomes 2."""
    whole = np.array([3.0, 4.0, 12.0])
    assert clipped(whole[1:2], whole, 6.5).tolist() == [2.0]
    assert clipped(whole[1:2], whole, 13.0).tolist() == [4.0]
