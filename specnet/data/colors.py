"""The colours of images: pure functions of grey levels 0 to 255, (n, channels, height, width).

Formulas as in torchvision's `transforms.functional` for tensors. Results are cut off at 0 and 255.
"""

from __future__ import annotations

import numpy as np

from specnet.numerics.randomness import Array

GREY = (0.2989, 0.587, 0.114)
"""What red, green and blue add to the grey value of a pixel (ITU-R BT.601)."""


def brightened(levels: Array, factors: Array) -> Array:
    """Every level times its image's factor, (n,)."""
    return _cut_off(levels * _each(levels, factors))


def contrasted(levels: Array, factors: Array) -> Array:
    """Levels about the mean grey value of their image, times its factor (n,)."""
    means = grey(levels).reshape(len(levels), -1).astype(np.float64).mean(axis=1)
    factor = _each(levels, factors)
    return _cut_off(levels * factor + _each(levels, means) * (1 - factor))


def saturated(levels: Array, factors: Array) -> Array:
    """Colours about the grey value of their pixel, times the image's factor (n,)."""
    factor = _each(levels, factors)
    return _cut_off(levels * factor + grey(levels) * (1 - factor))


def hue_turned(levels: Array, turns: Array) -> Array:
    """Colours (n, 3, height, width) whose hue, in the model HSV, is turned by a part of the circle (n,)."""
    hue, saturation, value = to_hsv(_cut_off(levels))
    return from_hsv(hue + _each(levels, turns)[:, 0], saturation, value)


def grey(levels: Array) -> Array:
    """The grey value of each pixel, (n, 1, height, width): of other than three channels, their mean."""
    if levels.shape[1] != 3:
        mean: Array = levels.mean(axis=1, keepdims=True)
        return mean
    red, green, blue = (levels[:, i : i + 1] * levels.dtype.type(GREY[i]) for i in range(3))
    sum_: Array = red + green + blue
    return sum_


def to_hsv(levels: Array) -> tuple[Array, Array, Array]:
    """Hue and saturation (0 to 1) and value (0 to 255) of each pixel (n, 3, height, width).

    Smith 1978, "Color gamut transform pairs"; `colorsys.rgb_to_hsv`.
    """
    red, green, blue = levels[:, 0], levels[:, 1], levels[:, 2]
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    safe = np.where(chroma > 0, chroma, 1)
    sector = np.where(
        value == red,
        (green - blue) / safe,
        np.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    hue = np.where(chroma > 0, sector / 6, 0)
    hue -= np.floor(hue)
    saturation = chroma / np.where(value > 0, value, 1)
    return hue, saturation, value


def from_hsv(hue: Array, saturation: Array, value: Array) -> Array:
    """Pixels (n, 3, height, width) from what `to_hsv` gives; a hue of any turn."""
    chroma = value * saturation
    sector = 6 * hue
    planes = []
    for offset in (5, 3, 1):  # red, green, blue
        place = sector + offset
        place -= 6 * np.floor(place / 6)  # faster than a remainder
        planes.append(value - chroma * np.clip(np.minimum(place, 4 - place), 0, 1))
    return np.stack(planes, axis=1)


def _each(levels: Array, numbers: Array) -> Array:
    """A number for each image, in the shape and precision in which it meets all of its pixels."""
    return numbers.astype(levels.dtype).reshape(-1, 1, 1, 1)


def _cut_off(levels: Array) -> Array:
    return np.clip(levels, 0, 255)
