"""Curves of runs: loss, error and learning rate over steps or epochs.

One run is shown in full: loss and error of every step as bands, their means as lines, and those of the test
images as dots. Several are laid over one another, each in its own colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from specnet.drawing.style import MUTED
from specnet.plots.request import Curve, Curves, Stretch
from specnet.plots.style import COLORS, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 960
LEFT, RIGHT, TOP, BOTTOM, ENTRY = 84, 28, 78, 56, 18
PANEL_HEIGHTS, BETWEEN = (236, 236, 132), 40
"""Pixels."""
Stroke = Literal["-", "--", ":", "-."]
BAND = "#bcd9ee"
"""The first colour, light."""
STROKES: tuple[Stroke, ...] = ("-", "--", ":", "-.")
"""Of runs beyond the first eight, whose colours come again."""
MOST_NAMES, NAME_COLUMNS = 48, 2
ROUND = (1, 2, 5, 10)
"""Ticks are multiples of these and a power of ten."""
SPREAD = 30.0
"""Values whose ratio is larger are shown on a logarithmic scale."""


def draw(picture: Curves) -> Figure:
    """The figure of one run, or of several."""
    curves = picture.curves
    named = min(len(curves), MOST_NAMES) if len(curves) > 1 else 0
    head = TOP + ENTRY * -(-named // NAME_COLUMNS)
    height = head + sum(PANEL_HEIGHTS) + 2 * BETWEEN + BOTTOM
    figure = new_figure(WIDTH, height)
    figure.text(LEFT / WIDTH, 1 - 34 / height, shown(picture.title, 90), fontsize=14)
    panels: list[Axes] = []
    top = head
    for panel_height in PANEL_HEIGHTS:
        place = (LEFT / WIDTH, 1 - (top + panel_height) / height, (WIDTH - LEFT - RIGHT) / WIDTH)
        panels.append(figure.add_axes((*place, panel_height / height)))
        top += panel_height + BETWEEN
    loss, error, rate = panels
    lengths = {curve.per_epoch for curve in curves}
    last = max([1, *(curve.last for curve in curves)])
    per_epoch = lengths.pop() if len(lengths) == 1 else None
    unit = per_epoch if per_epoch and last >= 2 * per_epoch else 1
    if len(curves) == 1:
        _draw_one(curves[0], unit, loss, error)
    else:
        _draw_several(curves, unit, loss, error)
        _name(figure, curves, 1 - 44 / height)
    for index, curve in enumerate(curves):
        at = [step / unit for step, _ in curve.rates]
        rates = [value for _, value in curve.rates]
        rate.plot(at, rates, _stroke(index), color=_color(index), drawstyle="steps-post", **_alone(at))
    _finish(loss, "loss" if len(curves) == 1 else "training loss")
    alone = "error, %" if curves[0].error else "test error, %"
    _finish(error, alone if len(curves) == 1 else "top-1 test error, %", linear=True)
    _finish(rate, "learning rate", ticks=3)
    for panel in panels:
        panel.set_xlim(0, last / unit)
        panel.xaxis.set_major_locator(MaxNLocator(12 if unit > 1 else 8, integer=True, steps=ROUND))
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        panel.tick_params(length=0, labelbottom=panel is rate)
    rate.set_xlabel(f"epoch ({unit:,} steps each)" if unit > 1 else "step")
    return figure


def _draw_one(curve: Curve, unit: int, loss: Axes, error: Axes) -> None:
    lines = _draw_training(loss, curve.loss, unit, 1, "training")
    tested = [test.step / unit for test in curve.tests]
    lines += loss.plot(tested, [t.loss for t in curve.tests], color=COLORS[1], label="test", **_dots(tested))
    trained = _draw_training(error, curve.error, unit, 100, "training, top-1") if curve.error else []
    of_test = "test, " if trained else ""
    top1 = _percent(t.top1_error for t in curve.tests)
    errors = error.plot(tested, top1, color=COLORS[1], label=f"{of_test}top-1")
    top5 = [math.nan if t.top5_error is None else t.top5_error for t in curve.tests]
    if any(test.top5_error is not None for test in curve.tests):
        errors += error.plot(tested, _percent(top5), color=COLORS[2], label=f"{of_test}top-5")
    for line in errors:
        line.set(**_dots(tested))
    for panel, handles in ((loss, lines), (error, trained + errors)):
        panel.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=3)


def _draw_training(
    panel: Axes, stretches: Sequence[Stretch], unit: int, scale: float, label: str
) -> list[Line2D]:
    """The values of every step, times `scale`, as a band and their means as a line."""
    at = [stretch.step / unit for stretch in stretches]
    low, high = [scale * s.low for s in stretches], [scale * s.high for s in stretches]
    panel.fill_between(at, low, high, color=BAND, linewidth=0)
    means = [scale * s.mean for s in stretches]
    return panel.plot(at, means, color=COLORS[0], label=label, **_alone(at))


def _draw_several(curves: Sequence[Curve], unit: int, loss: Axes, error: Axes) -> None:
    for index, curve in enumerate(curves):
        at = [stretch.step / unit for stretch in curve.loss]
        means = [stretch.mean for stretch in curve.loss]
        loss.plot(at, means, _stroke(index), color=_color(index), **_alone(at))
        at = [test.step / unit for test in curve.tests]
        errors = _percent(test.top1_error for test in curve.tests)
        error.plot(at, errors, _stroke(index), color=_color(index), **_dots(at))


def _name(figure: Figure, curves: Sequence[Curve], top: float) -> None:
    """The names of the runs, each beside a stroke of its colour."""
    names = [shown(curve.name) for curve in curves[:MOST_NAMES]]
    if len(curves) > MOST_NAMES:
        names[-1] = f"and {len(curves) - MOST_NAMES + 1:,} more"
    strokes = [Line2D([], [], color=_color(i), linestyle=_stroke(i)) for i in range(len(names))]
    legend = figure.legend(
        strokes,
        [str(i) for i in range(len(names))],
        ncols=NAME_COLUMNS,
        loc="upper left",
        bbox_to_anchor=(LEFT / WIDTH, top),
        borderaxespad=0,
        borderpad=0,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)  # a legend leaves out what begins with an underscore


def _finish(panel: Axes, name: str, *, linear: bool = False, ticks: int = 5) -> None:
    """The name, and an axis for all finite values: logarithmic where they are far apart, else from 0."""
    low, high = panel.dataLim.ymin, panel.dataLim.ymax
    if not math.isfinite(high):
        panel.text(0.5, 0.5, "no values yet", transform=panel.transAxes, ha="center", color=MUTED)
        low = high = 0.0
    if not linear and low > 0 and high / low > SPREAD:
        panel.set_yscale("log")
        panel.set_ylim(low / 1.15, high * 1.15)
        close = math.log10(high / low) < 3
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if close else (1,), numticks=ticks + 2))
        panel.yaxis.set_minor_locator(NullLocator())
        name = f"{name} (logarithmic)"
    else:
        low, high = min(0.0, low), max(0.0, high)
        room = (high - low or 1) * 0.06
        panel.set_ylim(low - (room if low < 0 else 0), high + room)
        panel.yaxis.set_major_locator(MaxNLocator(ticks, steps=ROUND))
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panel.set_title(name, loc="left")


def _percent(shares: Iterable[float]) -> list[float]:
    return [100 * share for share in shares]


def _dots(at: Sequence[float]) -> dict[str, Any]:
    return {"marker": "o", "markersize": 4.5 if len(at) <= 60 else 2.5, "clip_on": False}


def _alone(at: Sequence[float]) -> dict[str, Any]:
    """A line of one point is not seen unless it is marked."""
    return _dots(at) if len(at) == 1 else {}


def _color(index: int) -> str:
    return COLORS[index % len(COLORS)]


def _stroke(index: int) -> Stroke:
    return STROKES[index // len(COLORS) % len(STROKES)]
