"""Initial values against the variances and bounds of the papers and of Keras's documentation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specnet.numerics.randomness import Array, stream
from specnet.recipe.fan_initializers import GlorotNormal, HeNormal, HeUniform, LeCunNormal, LeCunUniform
from specnet.recipe.initializers import Initializer, Orthogonal, TruncatedNormal, Uniform

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


@pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        (HeNormal(), 2 / 75),
        (HeNormal(fan="out"), 2 / 100_000),
        (LeCunNormal(), 1 / 75),
        (GlorotNormal(), 2 / (75 + 100_000)),
        (TruncatedNormal(std=0.1), 0.1**2 * 0.87962566**2),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_normal_values_have_the_variance_of_their_formula(initializer: Initializer, variance: float) -> None:
    """300,000 of them. A normal distribution cut at two standard deviations has the standard deviation
    sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)) = 0.87962566 (Johnson, Kotz and Balakrishnan 1994, section 10.1)."""
    values = drawn(initializer)
    assert values.var() / variance == pytest.approx(1, abs=0.01)  # measured 0.9993
    assert values.mean() / math.sqrt(variance) == pytest.approx(0, abs=0.01)  # measured 0.0022


def test_a_truncated_normal_is_cut_at_two_standard_deviations() -> None:
    """And nothing is heaped up there: what was beyond is drawn again, from all of the middle."""
    values = abs(drawn(TruncatedNormal(std=0.1)))
    assert 0.199 < values.max() <= 0.2
    inside = math.erf(1 / math.sqrt(2)) / math.erf(2 / math.sqrt(2))
    assert (values < 0.1).mean() == pytest.approx(inside, abs=0.003)  # measured 7.2e-6


@pytest.mark.parametrize(
    ("initializer", "low", "high"),
    [
        (Uniform(low=-0.1, high=0.3), -0.1, 0.3),
        (LeCunUniform(), -math.sqrt(3 / 75), math.sqrt(3 / 75)),
        (HeUniform(fan="out"), -math.sqrt(6 / 100_000), math.sqrt(6 / 100_000)),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_uniform_values_fill_their_bounds(initializer: Initializer, low: float, high: float) -> None:
    values = drawn(initializer)
    width = high - low
    assert low <= values.min() < low + 0.001 * width
    assert high - 0.001 * width < values.max() <= high
    assert values.var() / (width**2 / 12) == pytest.approx(1, abs=0.01)  # measured 1.0015


@pytest.mark.parametrize("shape", [(7, 3, 2, 2), (12, 3, 2, 2), (30, 3, 2, 2), (5, 8), (4,)])
def test_an_orthogonal_matrix_has_orthonormal_rows_or_columns(shape: tuple[int, ...]) -> None:
    """Times the gain, whose square is on the diagonal."""
    matrix = drawn(Orthogonal(gain=3), shape).reshape(shape[0], -1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    assert matrix @ matrix.T == pytest.approx(9 * np.eye(len(matrix)), abs=1e-13)  # measured 8.9e-15


def test_an_orthogonal_matrix_is_that_of_gram_and_schmidt() -> None:
    """Which leaves no sign open: each normal row without its part along those before, by its length."""
    normal = stream(0, "initial value", "conv").standard_normal((5, 8))
    rows: list[Array] = []
    for row in normal:
        rest = row - sum((row @ other) * other for other in rows)
        rows.append(rest / math.sqrt(rest @ rest))
    assert drawn(Orthogonal(), (5, 8)) == pytest.approx(np.array(rows), abs=1e-13)  # measured 5.0e-16


def test_orthogonal_matrices_take_every_direction_alike() -> None:
    """Without the signs of R, LAPACK's Q has a corner that is never positive."""
    corners = [Orthogonal().sample(stream(seed, "it"), (3, 3))[0, 0] for seed in range(400)]
    assert np.mean(np.array(corners) > 0) == pytest.approx(0.5, abs=0.1)  # measured 0.5175
