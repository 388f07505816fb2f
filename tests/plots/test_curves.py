"""Curves: what lies where in the picture, and runs that are odd."""

from __future__ import annotations

import io
import json
import math
import time

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from specnet.plots import curves
from specnet.plots.request import curves_of
from specnet.plots.style import COLORS, saved, styled
from specnet.runs.history import History, gather
from specnet.runs.records import Evaluation, EvaluationLine, Line, StepLine, line_of

pytestmark = pytest.mark.slow

FAR_LEFT = 5
"""Pixels of the left border in which nothing is written."""


def line(step: int, loss: float, rate: float = 0.1, epoch: int = 1) -> StepLine:
    return StepLine(step, epoch, loss=loss, learning_rate=rate, images_per_second=1.0, data_wait=0.0)


def evaluated(step: int, loss: float, top1: float = 0.5, top5: float = 0.25) -> EvaluationLine:
    return EvaluationLine(step, 1, Evaluation(loss=loss, top1_error=top1, top5_error=top5))


def flat(count: int, value: float, rate: float = 0.1) -> History:
    """Two epochs at one loss, with an evaluation after each."""
    half = count // 2
    lines: list[Line] = [line(step, value, rate, 1 if step <= half else 2) for step in range(1, count + 1)]
    return gather([*lines, evaluated(half, value), evaluated(count, value)])


def figure(*runs: History, title: str = "a title") -> Figure:
    return curves.draw(curves_of({f"run {i}": run for i, run in enumerate(runs)}, title))


def pixels(*runs: History) -> NDArray[np.uint8]:
    with styled():
        png = saved(figure(*runs), "png")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def rows(picture: NDArray[np.uint8], color: str, x: int) -> list[int]:
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return [int(y) for y in np.flatnonzero((picture[:, x] == rgb).all(axis=1))]


def test_a_flat_run_is_a_flat_line_at_its_height() -> None:
    picture = pixels(flat(100, 2.0))
    quarter = curves.LEFT + (curves.WIDTH - curves.LEFT - curves.RIGHT) * 3 // 4
    panel = curves.PANEL_HEIGHTS[1]
    top = curves.TOP + curves.PANEL_HEIGHTS[0] + curves.BETWEEN
    # Errors of 50 and 25 % on an axis from 0 to 53 (6 % above the largest).
    for color, error in ((COLORS[1], 50), (COLORS[2], 25)):
        found = [y - top for y in rows(picture, color, quarter) if y > top]
        assert np.mean(found) == pytest.approx(panel * (1 - error / 53), abs=1.5)  # measured 0.6


def test_several_runs_have_a_colour_each() -> None:
    picture = pixels(flat(100, 1.0), flat(60, 2.0), flat(100, 3.0))
    quarter = curves.LEFT + (curves.WIDTH - curves.LEFT - curves.RIGHT) // 4
    assert all(rows(picture, COLORS[i], quarter) for i in range(3))
    beyond = curves.WIDTH - curves.RIGHT - 40
    assert not rows(picture, COLORS[1], beyond)
    assert rows(picture, COLORS[2], beyond)


def test_a_colour_that_comes_again_has_another_stroke() -> None:
    loss = figure(*[flat(4, 1.0)] * 9).axes[0]
    first, ninth = loss.lines[0], loss.lines[8]
    assert first.get_color() == ninth.get_color()
    assert first.get_linestyle() != ninth.get_linestyle()


def test_values_far_apart_are_on_a_logarithmic_axis_and_errors_never() -> None:
    wide = gather([line(1, 1e-3), line(2, 1.0), evaluated(2, 1.0, 0.9, 0.001)])
    loss, error, _ = figure(wide).axes
    assert (loss.get_yscale(), error.get_yscale()) == ("log", "linear")
    assert loss.get_title(loc="left") == "loss (logarithmic)"
    close = gather([line(1, 0.1), line(2, 1.0)])
    assert figure(close).axes[0].get_yscale() == "linear"


def test_axes_are_in_epochs_once_there_are_two() -> None:
    assert figure(flat(100, 1.0)).axes[2].get_xlabel() == "epoch (50 steps each)"
    assert figure(gather([line(1, 1.0)])).axes[2].get_xlabel() == "step"
    other = gather([line(1, 1.0), line(2, 1.0, epoch=2), line(3, 1.0, epoch=3)])
    assert figure(flat(100, 1.0), other).axes[2].get_xlabel() == "step", "their epochs differ"


def test_a_learning_rate_stays_until_it_changes() -> None:
    (rates,) = figure(gather([line(1, 1.0, 0.1), line(2, 1.0, 0.1), line(3, 1.0, 0.01)])).axes[2].lines
    assert np.array(rates.get_data()).T.tolist() == [[1, 0.1], [3, 0.01]]
    assert rates.get_drawstyle() == "steps-post"


def test_many_runs_have_room_in_the_legend_and_bounds() -> None:
    one, many = pixels(flat(9, 1.0), flat(9, 1.0)), pixels(*[flat(9, 1.0)] * 40)
    assert many.shape[0] > one.shape[0]
    with styled():
        crowd = figure(*[flat(4, 1.0)] * 1000, title="1,000 runs")
        assert len(saved(crowd, "png")) > 1000
    names = [text.get_text() for text in crowd.legends[0].get_texts()]
    assert (len(names), names[0], names[-1]) == (48, "run 0", "and 153 more")
    assert crowd.texts[0].get_text() == "1,000 runs, the first 200 shown"
    assert crowd.get_size_inches()[1] * 100 < 1400


NAMES = ["$x_1$", r"\frac{1}{2} $", "_hidden", "%", "a\x1b[31mb\n", "", " ", "x" * 10_000, "&<>\"'", "\ud800"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_strangers_are_shown_as_they_are(name: str) -> None:
    runs = {name: flat(4, 1.0), f"{name}2": flat(4, 1.0)}
    with styled():
        drawn = curves.draw(curves_of(runs, name))
        for form in ("png", "svg", "pdf"):
            assert saved(drawn, form)
    texts = [text.get_text() for text in (*drawn.legends[0].get_texts(), drawn.texts[0])]
    assert all(text.isprintable() and len(text) <= 90 for text in texts)
    if name.isprintable() and len(name) < 50:
        assert texts == [name, f"{name}2", name]


@pytest.mark.parametrize(
    "run",
    [
        History(),
        gather([line(1, 2.0)]),
        gather([evaluated(0, 1.0)]),
        flat(10, math.inf),
        flat(10, math.nan),
        flat(10, 0.0),
        flat(10, -3.0, rate=0.0),
        flat(2, 1e99),
        flat(4, 1e-300, rate=1e-320),
        gather([line(1, -1e99), line(2, 1e99), line(10**15 - 1, 1e-300, epoch=10**15 - 1)]),
        gather([evaluated(10**14, 1e99, -1e99, 1e99)]),
        gather([line(1, 1.0, epoch=1), line(2, 1.0, epoch=2), line(10**14, 1.0, epoch=3)]),
        gather([line(5, 1.0), line(3, 2.0), line(1, 1.0)]),
    ],
)
def test_odd_runs_can_be_drawn(run: History) -> None:
    assert pixels(run).shape[1:] == (curves.WIDTH, 3)
    assert len(figure(run, run).axes) == 3


ABSURD = ("1e308", "1e400", "-1e308", "NaN", "Infinity", "9" * 400, "1e-400", '"1"', "[1]", "999999999999999")


@pytest.mark.parametrize("key", ["loss", "learning_rate", "step", "epoch", "top1_error"])
def test_absurd_numbers_of_a_file_can_be_drawn(key: str) -> None:
    runs: list[History] = []
    for number in ABSURD:
        sound: list[Line] = [line(1, 1.0), evaluated(1, 1.0), line(2, 1.0)]
        told = [json.dumps(entry.as_json()) for entry in sound]
        changed = [text.replace(f'"{key}": ', f'"{key}": {number}, "was": ') for text in told[:2]]
        found = [line_of(text.encode()) for text in (*changed, told[2])]
        runs.append(gather(entry for entry in found if entry is not None))
        assert len(figure(runs[-1]).axes) == 3
    assert pixels(*runs).shape[1:] == (curves.WIDTH, 3)


def test_a_long_run_is_thinned_out_and_quickly_drawn() -> None:
    steps = (line(step, 1 + step % 7, 0.1 / step, step // 100) for step in range(1, 100_001))
    run = gather([*steps, *(evaluated(step, 1.0) for step in range(100_000))])
    began = time.process_time()
    picture = curves_of({"long": run}, "long")
    with styled():
        svg = saved(curves.draw(picture), "svg")
    assert time.process_time() - began < 3  # measured 0.27 s
    assert len(svg) < 500_000
    (curve,) = picture.curves
    assert (len(curve.loss), len(curve.tests)) == (87, 400)
    assert curve.tests[-1].step == 99_999
    assert (curve.loss[40].low, curve.loss[40].high) == (1, 7)
