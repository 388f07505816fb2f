"""How pictures of runs look, and how a figure becomes a file. Matplotlib is used without pyplot."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from specnet.drawing.style import BACKGROUND, INK, LINE, MUTED, PANEL, PANEL_LINE
from specnet.text import shortened

DOTS = 100
"""Pixels of an inch in PNG."""
LONGEST_NAME = 60
"""Characters of a name that are shown."""
COLORS = ("#0072b2", "#d55e00", "#009e73", "#a5498a", "#b8860b", "#3a9ad9", "#5b5b5b", "#7a4b2a")
"""Okabe and Ito's colours, those that are too light for a line darkened; also told apart when one cannot tell
red from green."""
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # Matplotlib brings it along
    "font.size": 9,
    "text.parse_math": False,  # names may hold dollar signs
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.facecolor": PANEL,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.unicode_minus": False,
    "figure.facecolor": BACKGROUND,
    "figure.dpi": DOTS,
    "savefig.dpi": DOTS,
    "grid.color": PANEL_LINE,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "svg.hashsalt": "specnet",  # the same picture is the same file
    "pdf.fonttype": 42,  # TrueType: many journals take no Type 3 fonts
}
WITHOUT_DATE: dict[str, dict[str, Any]] = {
    "png": {"Software": "specnet"},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in pixels."""
    return Figure(figsize=(width / DOTS, height / DOTS))


def shown(name: str, longest: int = LONGEST_NAME) -> str:
    """A name as one line that only prints, without its middle where it is very long."""
    return shortened(name, longest)


def saved(figure: Figure, form: str) -> bytes:
    """The figure as a file: `png`, `svg` or `pdf`."""
    file = io.BytesIO()
    figure.savefig(file, format=form, metadata=WITHOUT_DATE[form])
    return file.getvalue()


def styled() -> Any:
    """A context in which figures are made and saved: none of Matplotlib's settings but these count."""
    return mpl.rc_context({**mpl.rcParamsDefault, **STYLE})
