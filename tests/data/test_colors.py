"""Colours, against the standard library's `colorsys` and torchvision's formulas worked out by pixel."""

from __future__ import annotations

import colorsys

import numpy as np

from specnet.data import colors
from specnet.testing import relative_error

LEVELS = np.random.RandomState(4).randint(0, 256, (4, 3, 5, 4)).astype(float)
LEVELS[0, :, 0, 0] = 0
LEVELS[0, :, 0, 1] = 255
LEVELS[0, :, 0, 2] = 77
LEVELS[0, :, 0, 3] = 255, 0, 255
FACTORS = np.array([0.0, 0.7, 1.0, 1.8])


def blend(one: float, other: float, factor: float) -> float:
    """torchvision's `_blend`."""
    return min(max(factor * one + (1 - factor) * other, 0.0), 255.0)


def test_levels_are_blended_with_black_grey_and_the_mean() -> None:
    bright = colors.brightened(LEVELS, FACTORS)
    contrast = colors.contrasted(LEVELS, FACTORS)
    saturated = colors.saturated(LEVELS, FACTORS)
    for i, factor in enumerate(FACTORS.tolist()):
        greys = [
            [0.2989 * r + 0.587 * g + 0.114 * b for r, g, b in row] for row in LEVELS[i].transpose(1, 2, 0)
        ]
        mean = float(np.mean(greys))
        for c, y, x in np.ndindex(3, 5, 4):
            level = float(LEVELS[i, c, y, x])
            # Measured: 0.
            assert abs(bright[i, c, y, x] - blend(level, 0, factor)) < 1e-11
            assert abs(contrast[i, c, y, x] - blend(level, mean, factor)) < 1e-11
            assert abs(saturated[i, c, y, x] - blend(level, greys[y][x], factor)) < 1e-11
    assert np.array_equal(bright[2], LEVELS[2])


def test_hues_are_turned_as_colorsys_does() -> None:
    turns = np.array([0.0, 0.25, -0.5, 0.1])
    found = colors.hue_turned(LEVELS, turns)
    for i, y, x in np.ndindex(4, 5, 4):
        hue, saturation, value = colorsys.rgb_to_hsv(*(LEVELS[i, :, y, x] / 255).tolist())
        expected = colorsys.hsv_to_rgb(float(hue + turns[i]) % 1, saturation, value)
        assert np.abs(found[i, :, y, x] / 255 - expected).max() < 1e-12  # measured 7.8e-16
    assert relative_error(found[0], LEVELS[0]) < 1e-12  # measured 1.0e-15


def test_images_of_other_channels_have_a_grey_value_too() -> None:
    one, four = LEVELS[:, :1], np.concatenate([LEVELS, LEVELS[:, :1]], axis=1)
    assert np.array_equal(colors.grey(one), one)
    assert relative_error(colors.grey(four)[:, 0], four.mean(axis=1)) < 1e-15  # measured 0
    expected = np.clip(one * 0.7 + one.mean(axis=(1, 2, 3), keepdims=True) * 0.3, 0, 255)
    assert relative_error(colors.contrasted(one, np.full(4, 0.7)), expected) < 1e-12  # measured 1.3e-16


def test_an_image_does_not_depend_on_the_others() -> None:
    levels = LEVELS.astype(np.float32)
    for function in (colors.brightened, colors.contrasted, colors.saturated, colors.hue_turned):
        together = function(levels, FACTORS)
        assert together.dtype == np.float32
        for i in range(4):
            assert np.array_equal(function(levels[i : i + 1], FACTORS[i : i + 1])[0], together[i])
