"""From numbers to places: ranges that hold all values, and round numbers to label them with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

SPREAD = 30.0
"""Values whose ratio is larger are shown on a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of numbers, laid out from `start` to `stop` (pixels)."""

    low: float
    high: float
    start: float
    stop: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        low, high = self._bent(self.low), self._bent(self.high)
        share = (self._bent(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + share * (self.stop - self.start)

    def _bent(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value

    def ticks(self, most: int) -> list[float]:
        """At most about `most` round numbers in the range."""
        if not self.logarithmic:
            return linear_ticks(self.low, self.high, most)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        factors = (1, 2, 5) if last - first <= 2 else (1, 3) if last - first <= 3 else (1,)
        every = max(1, -(-(last - first) * len(factors) // (2 * most)))
        powers = range(first, last + 1, every)
        found = [factor * 10.0**power for power in powers for factor in factors]
        return [tick for tick in found if self.low * 0.999 <= tick <= self.high * 1.001]


def fitted(values: Iterable[float], start: float, stop: float, *, linear: bool = False) -> Scale:
    """A scale on which all finite values lie, none of them on the upper border.

    It begins at 0 unless it is logarithmic, or values are negative.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return Scale(0, 1, start, stop)
    low, high = min(known), max(known)
    if not linear and low > 0 and high / low > SPREAD:
        return Scale(low / 1.15, high * 1.15, start, stop, logarithmic=True)
    low, high = min(0.0, low), max(0.0, high)
    room = (high - low or 1) * 0.06
    return Scale(low - (room if low < 0 else 0), high + room, start, stop)


def linear_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten between two numbers."""
    raw = (high - low) / max(most, 1)
    if not raw > 0 or not math.isfinite(raw):
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    step = max(1.0, step) if whole else step
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def label(value: float) -> str:
    """A number as short as it can be read: `0.5`, `1e-4`, `20k`, `1.5M`."""
    for size, unit in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scaled = value / (1e3 if unit == "k" else 1e6)
            return f"{scaled:g}{unit}"
    if value and abs(value) < 1e-3:
        mantissa, _, power = f"{value:.3g}".partition("e")
        return f"{mantissa}e{int(power)}" if power else f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.4g}"
