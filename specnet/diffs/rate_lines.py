"""The learning rates of two recipes drawn in text, one above the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

from specnet.diffs.rate_curve import RateCurve

WIDTH = 32
"""Characters of a curve."""
BARS = "▁▂▃▄▅▆▇█"
UNKNOWN = "?"
DECADES = 3
"""Powers of ten from the highest bar down to the lowest."""


def rate_lines(before: RateCurve, after: RateCurve) -> list[str]:
    """A line for each curve; none where both are alike, or differ in the rate that stays and nothing else.

    Curves of which only one rate is known are not drawn.
    """
    curves = (before, after)
    known = [[rate for _, rate in curve.points()] for curve in curves]
    drawn = bars(curves)
    varied = any(len(set(rates)) > 1 for rates in known)
    same = before.recipe.schedule == after.recipe.schedule
    if (same and not varied) or (drawn[0] == drawn[1] and known[0] == known[1]):
        return []
    told = [_told(curve, rates) for curve, rates in zip(curves, known, strict=True)]
    if not varied:
        return [f"learning rate before: {told[0]}", f"learning rate after: {told[1]}"]
    width = max(map(len, drawn))
    return [
        f"learning rate before (log) {drawn[0]:{width}} {told[0]}",
        f"learning rate after  (log) {drawn[1]:{width}} {told[1]}",
    ]


def _told(curve: RateCurve, known: Sequence[float]) -> str:
    """The first rate that is known, the highest if that comes between, and the last; what is not known."""
    is_end_known = curve.at(curve.ticks - 1) is not None
    ends = [*known[:1], *known[-1:]] if is_end_known else known[:1]
    highest = [max(known)] if known and max(known) > max(ends) else []
    rates = " -> ".join(dict.fromkeys(f"{rate:.3g}" for rate in [*ends[:1], *highest, *ends[1:]]))
    return "; ".join(part for part in (rates, curve.unknown) if part)


def bars(curves: Sequence[RateCurve], width: int = WIDTH) -> list[str]:
    """The curves on one axis of epochs, or of steps, and one scale, which is logarithmic; nothing after the
    end of a training."""
    longest = max(curve.ticks // curve.per_unit for curve in curves)
    rows = []
    for curve in curves:
        ticks = (index * longest * curve.per_unit // width for index in range(width))
        rows.append([curve.at(tick) for tick in ticks if tick < curve.ticks])
    known = [rate for row in rows for rate in row if rate is not None and 0 < rate < math.inf]
    high = max(known, default=1.0)
    low = max(min(known, default=1.0), high / 10**DECADES)
    return ["".join(_bar(rate, low, high) for rate in row) for row in rows]


def _bar(rate: float | None, low: float, high: float) -> str:
    """The bar of a rate; 0 and what is too low for the scale have the lowest."""
    if rate is None:
        return UNKNOWN
    if rate >= high:
        return BARS[-1]
    if rate <= low:
        return BARS[0]
    return BARS[round(math.log(rate / low, high / low) * (len(BARS) - 1))]
