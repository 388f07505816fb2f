"""Initial values against the variances and bounds of the papers and of Keras's documentation."""

from __future__ import annotations

import math

import pytest

from specnet.numerics.randomness import Array, stream
from specnet.recipe.initializers import HeUniform, Initializer

SHAPE = (4000, 3, 5, 5)
"""Weights of 4,000 filters that read 75 values each."""


def drawn(initializer: Initializer, shape: tuple[int, ...] = SHAPE) -> Array:
    return initializer.sample(stream(0, "initial value", "conv"), shape)


def test_he_uniform_has_the_variance_of_the_paper_and_the_bound_of_keras() -> None:
    """He et al. 2015, equation 10: 2 / fan_in. Keras: uniform within sqrt(6 / fan_in)."""
    values = drawn(HeUniform())
    bound = math.sqrt(6 / 75)
    assert values.var() * 75 / 2 == pytest.approx(1, abs=0.01)  # measured 1.0015
    assert 0.999 * bound < abs(values).max() <= bound
    assert values.mean() == pytest.approx(0, abs=0.001)
    assert abs(drawn(HeUniform(), (400, 7))).max() <= math.sqrt(6 / 7)
