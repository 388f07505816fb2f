"""Which classes are taken for which: a matrix, or of many classes the most frequent mistakes.

A square of the matrix is as dark as the square root of the share of the row's images that it stands for, so
that a few mistakes show; up to twenty classes their number stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from specnet.drawing.style import INK, MUTED, PANEL, PANEL_LINE
from specnet.plots.request import Confusion
from specnet.plots.style import COLORS, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NUMBERED = 20
"""Classes up to which numbers stand in the squares."""
LONGEST_NAME, WIDE_NAME = 24, 40
"""Characters of a class's name beside the matrix, and in a list of mistakes."""
LETTER = 6.6
"""About as many pixels as a letter is wide."""
HEAD, MARGIN, NARROWEST = 64, 28, 480
SIDE, SMALL_SIDE = 40, 17
"""The side of a square with a number in it, and without."""
BAR, BETWEEN, HISTOGRAM, WIDTH = 22, 84, 150, 960
"""Pixels."""
BINS = 20


def draw(picture: Confusion) -> Figure:
    """The figure of a matrix, or of mistakes."""
    return _mistakes(picture) if picture.matrix is None else _matrix(picture, picture.matrix)


def _matrix(picture: Confusion, matrix: Sequence[Sequence[int]]) -> Figure:
    counts = np.array(matrix, dtype=np.int64)
    classes = len(counts)
    side = SIDE if classes <= MOST_NUMBERED else SMALL_SIDE
    names = [shown(name, LONGEST_NAME) for name in picture.names]
    room = LETTER * max(map(len, names)) + 44
    width, height = max(NARROWEST, room + classes * side + MARGIN), HEAD + room + classes * side + MARGIN
    figure = new_figure(width, height)
    figure.text(MARGIN / width, 1 - 34 / height, shown(picture.title, round(width / 11)), fontsize=14)
    size = classes * side
    panel = figure.add_axes((room / width, 1 - (HEAD + size) / height, size / width, size / height))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    colours = LinearSegmentedColormap.from_list("shares", [PANEL, COLORS[0]])
    edges = np.arange(classes + 1) - 0.5
    panel.pcolormesh(
        edges, edges, shares, cmap=colours, norm=PowerNorm(0.5, 0, 1), edgecolors=PANEL_LINE, linewidth=0.5
    )
    panel.set_ylim(classes - 0.5, -0.5)
    panel.grid(visible=False)
    panel.tick_params(length=0)
    panel.set_xticks(range(classes), names, rotation=90)
    panel.set_yticks(range(classes), names)
    panel.set_ylabel("images of", color=MUTED)
    panel.set_xlabel("are taken for", color=MUTED)
    if classes <= MOST_NUMBERED:
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = PANEL if shares[row, column] > 0.3 else INK
            text = f"{counts[row, column]:,}"
            panel.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    return figure


def _mistakes(picture: Confusion) -> Figure:
    bars = max(len(picture.mistakes), 1) * BAR
    height = HEAD + 24 + bars + BETWEEN + HISTOGRAM + 52
    figure = new_figure(WIDTH, height)
    figure.text(MARGIN / WIDTH, 1 - 34 / height, shown(picture.title, 90), fontsize=14)
    labels = [f"{shown(m.name, WIDE_NAME)} → {shown(m.taken_for, WIDE_NAME)}" for m in picture.mistakes]
    left = min(MARGIN + LETTER * max(map(len, labels), default=0) + 12, 0.6 * WIDTH)
    span = (WIDTH - left - 3 * MARGIN) / WIDTH
    panel = figure.add_axes((left / WIDTH, 1 - (HEAD + 24 + bars) / height, span, bars / height))
    _draw_bars(panel, picture, labels)
    below = figure.add_axes((84 / WIDTH, 52 / height, (WIDTH - 84 - MARGIN) / WIDTH, HISTOGRAM / height))
    below.hist([100 * recall for recall in picture.recalls], bins=BINS, range=(0, 100), color=COLORS[0])
    below.set_title(f"classes by their recall ({len(picture.recalls):,} classes)", loc="left")
    below.set_xlim(0, 100)
    below.set_xlabel("recall, %")
    below.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    for axis in (below.xaxis, below.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    below.tick_params(length=0)
    return figure


def _draw_bars(panel: Axes, picture: Confusion, labels: list[str]) -> None:
    """The share of a class's images that are taken for another one."""
    shares = [100 * mistake.images / mistake.of for mistake in picture.mistakes]
    panel.barh(range(len(shares)), shares, height=0.7, color=COLORS[1])
    panel.set_yticks(range(len(labels)), labels, fontsize=8)
    panel.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    panel.set_xlim(0, 1.12 * max(shares, default=1.0))
    panel.grid(visible=False, axis="y")
    panel.tick_params(length=0)
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panel.set_title("the most frequent mistakes, in % of the class's images", loc="left")
    for place, (share, mistake) in enumerate(zip(shares, picture.mistakes, strict=True)):
        text = f" {mistake.images:,} of {mistake.of:,}"
        panel.text(share, place, text, va="center", fontsize=8, color=MUTED)
