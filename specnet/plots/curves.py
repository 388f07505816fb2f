"""Curves of runs: loss, error and learning rate over steps and epochs, as a PNG file.

One run is shown in full: the loss of every step as a band, its mean as a line, the test loss as dots. Several
are laid over one another, each in its own colour.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from specnet.drawing.style import INK, LINE, MUTED, PANEL, PANEL_LINE
from specnet.plots.axes import Scale, fitted, label, linear_ticks
from specnet.plots.canvas import Canvas, text_width

if TYPE_CHECKING:
    from specnet.drawing.figure import Point

WIDTH = 960
LEFT, RIGHT, TOP, BOTTOM, LEGEND = 84, 28, 78, 56, 20
PANEL_HEIGHT, LAST_HEIGHT, BETWEEN = 236, 132, 40
STRETCHES = 90
"""Stretches of a run whose mean, least and largest values are drawn."""

COLORS = ("#0072b2", "#d55e00", "#009e73", "#a5498a", "#b8860b", "#3a9ad9", "#5b5b5b", "#7a4b2a")
"""Okabe and Ito's colours, those that are too light for a line darkened; also told apart when one cannot tell
red from green."""
BAND = "#bcd9ee"
"""The first colour, light."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Values by step: means, and the least and largest about each of them."""

    at: Sequence[int]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True, slots=True)
class Curve:
    """What a run's picture is drawn from. `tests` are (step, loss, top-1 error, top-5 error)."""

    name: str
    loss: Steps
    learning_rate: Steps
    tests: Sequence[tuple[int, float, float, float]]
    per_epoch: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel. `band` lies behind it; `dots` marks its points; `stairs` keeps a value until the
    next."""

    name: str
    color: str
    points: Sequence[Point]
    band: Sequence[tuple[float, float, float]] = ()
    dots: bool = False
    stairs: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one y axis, which is logarithmic where the values ask for it unless `linear`."""

    name: str
    lines: Sequence[Line]
    height: int
    linear: bool = False


def render(curves: Sequence[Curve], title: str) -> bytes:
    """The picture of one run, or of several. Raises `PluginError` without Pillow."""
    names = [(c.name, _color(i)) for i, c in enumerate(curves)] if len(curves) > 1 else []
    rows = _rows(names, WIDTH - LEFT - RIGHT)
    top = float(TOP + LEGEND * len(rows))
    canvas = Canvas(WIDTH, round(top) + 2 * (PANEL_HEIGHT + BETWEEN) + LAST_HEIGHT + BOTTOM)
    canvas.text(LEFT, 34, title, 20, INK)
    for index, row in enumerate(rows):
        _legend(canvas, row, LEFT, 60 + LEGEND * index)
    steps = [step for c in curves for step in (*c.loss.at[-1:], *(test[0] for test in c.tests))]
    x = Scale(0, max([1, *steps]), LEFT, WIDTH - RIGHT)
    lengths = {c.per_epoch for c in curves}
    per_epoch = lengths.pop() if len(lengths) == 1 else None
    for panel in _panels(curves):
        y = _fitted(panel, top)
        _frame(canvas, panel, x, y, per_epoch)
        for line in panel.lines:
            _draw(canvas, x, y, line)
        if not names and len(panel.lines) > 1:
            entries = [(line.name, line.color) for line in panel.lines]
            _legend(canvas, entries, WIDTH - RIGHT - sum(_wide(n) for n, _ in entries), top - 10)
        if not any(line.points for line in panel.lines):
            canvas.text((x.start + x.stop) / 2, top + panel.height / 2, "nothing yet", 14, MUTED, "mm")
        top += panel.height + BETWEEN
    _bottom(canvas, x, top - BETWEEN, per_epoch)
    return canvas.png()


def _panels(curves: Sequence[Curve]) -> list[Panel]:
    rates = [
        Line(c.name, _color(i), list(zip(c.learning_rate.at, c.learning_rate.mean, strict=True)), stairs=True)
        for i, c in enumerate(curves)
    ]
    rate = Panel("learning rate", rates, LAST_HEIGHT)
    if len(curves) == 1:
        (curve,) = curves
        losses = [
            Line("training", COLORS[0], _means(curve.loss), _band(curve.loss)),
            Line("test", COLORS[1], [(t[0], t[1]) for t in curve.tests], dots=True),
        ]
        errors = [
            Line("top-1", COLORS[1], [(t[0], 100 * t[2]) for t in curve.tests], dots=True),
            Line("top-5", COLORS[2], [(t[0], 100 * t[3]) for t in curve.tests], dots=True),
        ]
        return [
            Panel("loss", losses, PANEL_HEIGHT),
            Panel("test error, %", errors, PANEL_HEIGHT, linear=True),
            rate,
        ]
    losses = [Line(c.name, _color(i), _means(c.loss)) for i, c in enumerate(curves)]
    errors = [
        Line(c.name, _color(i), [(t[0], 100 * t[2]) for t in c.tests], dots=True)
        for i, c in enumerate(curves)
    ]
    return [
        Panel("training loss", losses, PANEL_HEIGHT),
        Panel("top-1 test error, %", errors, PANEL_HEIGHT, linear=True),
        rate,
    ]


def _color(index: int) -> str:
    return COLORS[index % len(COLORS)]


def _stretches(steps: Steps) -> list[slice]:
    every = -(-len(steps.at) // STRETCHES) or 1
    return [slice(start, start + every) for start in range(0, len(steps.at), every)]


def _means(steps: Steps) -> list[Point]:
    """The mean of each stretch, in its middle."""
    return [
        (statistics.fmean(steps.at[part]), statistics.fmean(steps.mean[part])) for part in _stretches(steps)
    ]


def _band(steps: Steps) -> list[tuple[float, float, float]]:
    """The least and the largest value of each stretch."""
    return [
        (statistics.fmean(steps.at[part]), min(steps.low[part]), max(steps.high[part]))
        for part in _stretches(steps)
    ]


def _fitted(panel: Panel, top: float) -> Scale:
    values = [y for line in panel.lines for _, y in line.points]
    values += [y for line in panel.lines for _, low, high in line.band for y in (low, high)]
    return fitted(values, top + panel.height, top, linear=panel.linear)


def _frame(canvas: Canvas, panel: Panel, x: Scale, y: Scale, per_epoch: int | None) -> None:
    """The panel's name, its grid, and the numbers on the left."""
    top, bottom = y.stop, y.start
    canvas.rectangle(x.start, top, x.stop - x.start, bottom - top, PANEL)
    for tick in _epoch_ticks(x, per_epoch):
        at = x.place(tick)
        canvas.line([(at, top), (at, bottom)], PANEL_LINE)
    for tick in y.ticks(5 if panel.height == PANEL_HEIGHT else 3):
        at = y.place(tick)
        canvas.line([(x.start, at), (x.stop, at)], PANEL_LINE)
        canvas.text(x.start - 8, at, label(tick), 14, MUTED, "rm")
    canvas.rectangle(x.start, top, x.stop - x.start, bottom - top, None, LINE)
    scale = " (logarithmic)" if y.logarithmic else ""
    canvas.text(x.start, top - 10, panel.name + scale, 15, INK)


def _bottom(canvas: Canvas, x: Scale, bottom: float, per_epoch: int | None) -> None:
    """The numbers under the last panel: epochs where there are several, else steps."""
    shown = _epoch_ticks(x, per_epoch)
    for tick in shown or linear_ticks(x.low, x.high, 8, whole=True):
        text = label(round(tick / per_epoch)) if shown and per_epoch else label(tick)
        canvas.text(x.place(tick), bottom + 20, text, 14, MUTED, "ms")
    words = f"epoch ({per_epoch:,} steps each)" if shown else "step"
    canvas.text((x.start + x.stop) / 2, bottom + 44, words, 15, INK, "ms")


def _epoch_ticks(x: Scale, per_epoch: int | None) -> list[float]:
    """The steps at the ends of epochs, not too many of them; none in a run of less than two."""
    if not per_epoch or x.high < 2 * per_epoch:
        return []
    return [k * per_epoch for k in linear_ticks(0, x.high / per_epoch, 12, whole=True)]


def _draw(canvas: Canvas, x: Scale, y: Scale, line: Line) -> None:
    def placed(points: Sequence[Point]) -> list[Point]:
        return [(x.place(at), y.place(v)) for at, v in points if math.isfinite(v) and _fits(y, v)]

    if len(line.band) > 1:
        upper = placed([(at, high) for at, _, high in line.band])
        lower = placed([(at, low) for at, low, _ in line.band])
        if len(upper) + len(lower) > 2:
            canvas.area([*upper, *reversed(lower)], BAND)
    points = placed(line.points)
    if line.stairs and points:
        corners = [(b[0], a[1]) for a, b in pairwise(points)]
        points = [points[0], *(p for pair in zip(corners, points[1:], strict=True) for p in pair)]
    if len(points) > 1:
        canvas.line(points, line.color, 2)
    if line.dots or len(points) == 1:
        radius = 3.2 if len(points) <= 60 else 2.0
        for at in points:
            canvas.dot(*at, radius, line.color)


def _fits(y: Scale, value: float) -> bool:
    return value > 0 or not y.logarithmic


def _wide(name: str) -> float:
    """Pixels that a name takes in a legend."""
    return 26 + text_width(name, 14) + 18


def _rows(entries: Sequence[tuple[str, str]], room: float) -> list[list[tuple[str, str]]]:
    """A legend's entries in as many rows as they need."""
    rows: list[list[tuple[str, str]]] = []
    left = 0.0
    for entry in entries:
        if not rows or left < _wide(entry[0]):
            rows.append([])
            left = room
        rows[-1].append(entry)
        left -= _wide(entry[0])
    return rows


def _legend(canvas: Canvas, entries: Sequence[tuple[str, str]], x: float, baseline: float) -> None:
    """Names in a row, each after a stroke of its colour."""
    for name, color in entries:
        canvas.line([(x, baseline - 5), (x + 20, baseline - 5)], color, 3)
        canvas.text(x + 26, baseline, name, 14, INK)
        x += _wide(name)
