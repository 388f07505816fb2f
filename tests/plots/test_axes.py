"""Axes: round numbers, all values inside, a logarithmic scale where values are far apart."""

from __future__ import annotations

import math

import pytest

from specnet.plots.axes import Scale, fitted, label, linear_ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 100, 5, [0, 20, 40, 60, 80, 100]),
        (0, 7, 8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (0.3, 2.2, 4, [0.5, 1.0, 1.5, 2.0]),
        (3, 3, 5, [3]),
    ],
)
def test_linear_ticks(low: float, high: float, most: int, expected: list[float]) -> None:
    assert linear_ticks(low, high, most) == pytest.approx(expected)


def test_whole_ticks_are_whole() -> None:
    assert linear_ticks(0, 3, 12, whole=True) == [0, 1, 2, 3]


def test_values_far_apart_are_placed_by_their_logarithm() -> None:
    scale = fitted([1e-4, 1], 0, 100)
    assert scale.logarithmic
    assert scale.ticks(5) == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert scale.place(1e-2) == pytest.approx(50)
    assert not fitted([1e-4, 1], 0, 100, linear=True).logarithmic
    assert Scale(1, 3, 0, 100, logarithmic=True).ticks(5) == pytest.approx([1, 2])


@pytest.mark.parametrize(
    "values",
    [[], [0.0], [5.0], [1.0, 3.0], [-2.0, 2.0], [1e-300, 1e300], [1.0, math.nan, math.inf], [0.0, 0.0]],
)
def test_all_finite_values_lie_on_the_scale(values: list[float]) -> None:
    scale = fitted(values, 200, 0)
    for value in values:
        if math.isfinite(value):
            assert scale.low <= value <= scale.high
            assert 0 <= scale.place(value) <= 200
    assert 1 <= len(scale.ticks(5)) <= 20


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (0.0001, "1e-4"),
        (2.5e-5, "2.5e-5"),
        (20000, "20k"),
        (1.5e6, "1.5M"),
        (900, "900"),
    ],
)
def test_labels_are_short(value: float, expected: str) -> None:
    assert label(value) == expected
