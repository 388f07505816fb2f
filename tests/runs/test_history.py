"""Histories: thinned without losing the mean or the extremes, whatever is wrong with the file."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from specnet.runs.history import LIMIT, Series, gather
from specnet.runs.metrics import lines


@pytest.mark.parametrize("count", [1, 7, LIMIT, 5 * LIMIT + 3])
def test_a_series_stays_small_and_keeps_mean_and_extremes(count: int) -> None:
    series = Series()
    values = [float((step * 7919) % 1009) for step in range(1, count + 1)]
    for step, value in enumerate(values, start=1):
        series.add(step, value)
    points = series.points
    assert len(points) <= LIMIT + 1
    assert points[-1].step == count
    assert (min(p.low for p in points), max(p.high for p in points)) == (min(values), max(values))
    ends = pairwise([0, *(p.step for p in points)])
    for point, (first, last) in zip(points, ends, strict=True):
        part = values[first:last]
        assert point.mean == pytest.approx(sum(part) / len(part))


STOPPED = '{"step": 1, "epoch": 1, "stopped": "nan", "samples": ["7"]}'


def step(number: int, epoch: int) -> dict[str, float]:
    rest = {"loss": 1.0, "learning_rate": 0.1, "images_per_second": 20.0, "data_wait": 0.0}
    return {"step": number, "epoch": epoch, **rest}


def test_a_run_is_gathered_from_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    told = {"loss": 0.5, "top1_error": 0.25, "top5_error": 0.0}
    written = [step(n, 1) for n in (1, 2, 3)] + [{"step": 3, "epoch": 1, "evaluation": told}, step(4, 2)]
    path.write_text("".join(json.dumps(line) + "\n" for line in written) + '{"step": 5, "ep')
    history = gather(lines(path), batch_size=10)
    assert (history.step, history.epoch, history.per_epoch) == (4, 2, 3)
    assert history.evaluations == [(3, 0.5, 0.25, 0.0)]
    assert history.seconds == pytest.approx(4 * 10 / 20)
    # 24 images in batches of 10: the third batch of an epoch has 4.
    assert gather(lines(path), 10, 24).seconds == pytest.approx((10 + 10 + 4 + 10) / 20)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"step": "x"}', '{"step": -1}', '{"step": 1}', "\x00\xff", "7"]
)
def test_lines_that_are_no_metrics_are_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f"{text}\n{json.dumps(step(1, 1))}\n", encoding="latin-1")
    assert len(gather(lines(path)).loss.points) == 1
    assert gather(lines(tmp_path / "nowhere")).step == 0
