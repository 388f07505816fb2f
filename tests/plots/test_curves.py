"""Curves: what lies where in the picture, and runs that are odd."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from specnet.plots import curves
from specnet.plots.curves import Curve, Steps


def flat(count: int, value: float, rate: float = 0.1) -> Curve:
    at, values, rates = list(range(1, count + 1)), [value] * count, [rate] * count
    tests = [(count // 2, value, 0.5, 0.25), (count, value, 0.5, 0.25)]
    return Curve("flat", Steps(at, values, values, values), Steps(at, rates, rates, rates), tests, count // 2)


def pixels(*shown: Curve) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(curves.render(shown, "a title"))))


def rows(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], color: str, x: int) -> list[int]:
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return [int(y) for y in np.flatnonzero((picture[:, x] == rgb).all(axis=1))]


def test_a_flat_run_is_a_flat_line_at_its_height() -> None:
    picture = pixels(flat(100, 2.0))
    quarter = curves.LEFT + (curves.WIDTH - curves.LEFT - curves.RIGHT) * 3 // 4
    top = curves.TOP + curves.PANEL_HEIGHT + curves.BETWEEN
    # Errors of 50 and 25 % on an axis from 0 to 53 (6 % above the largest).
    for color, error in ((curves.COLORS[1], 50), (curves.COLORS[2], 25)):
        found = [y - top for y in rows(picture, color, quarter) if y > top]
        assert np.mean(found) == pytest.approx(curves.PANEL_HEIGHT * (1 - error / 53), abs=1.5)


def test_several_runs_have_a_colour_each() -> None:
    picture = pixels(flat(100, 1.0), flat(60, 2.0), flat(100, 3.0))
    quarter = curves.LEFT + (curves.WIDTH - curves.LEFT - curves.RIGHT) // 4
    assert all(rows(picture, curves.COLORS[i], quarter) for i in range(3))
    beyond = curves.WIDTH - curves.RIGHT - 40
    assert not rows(picture, curves.COLORS[1], beyond)
    assert rows(picture, curves.COLORS[2], beyond)


def test_many_runs_have_room_in_the_legend() -> None:
    one, many = pixels(flat(9, 1.0), flat(9, 1.0)), pixels(*[flat(9, 1.0)] * 40)
    assert many.shape[0] > one.shape[0]


@pytest.mark.parametrize(
    "curve",
    [
        Curve("empty", Steps((), (), (), ()), Steps((), (), (), ()), [], None),
        Curve("one", Steps([1], [2.0], [2.0], [2.0]), Steps([1], [0.1], [0.1], [0.1]), [], None),
        flat(10, math.inf),
        flat(10, math.nan),
        flat(10, 0.0),
        flat(10, -3.0, rate=0.0),
        flat(2, 1e300),
    ],
)
def test_odd_runs_can_be_drawn(curve: Curve) -> None:
    assert pixels(curve).shape[1:] == (curves.WIDTH, 3)
