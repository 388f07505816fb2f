"""How often to save, and what the clock has to do with it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from specnet.diagnostics.errors import UsageError
from specnet.training.interval import Interval, parse_interval


@pytest.mark.parametrize(
    ("value", "steps", "seconds"),
    [(100, 100, None), ("100", 100, None), ("90s", None, 90), ("10m", None, 600), ("2h", None, 7200)],
)
def test_steps_or_time(value: object, steps: int | None, seconds: float | None) -> None:
    found = parse_interval(value)
    assert (found.steps, found.seconds) == (steps, seconds)


@pytest.mark.parametrize("value", [0, -1, 1.5, "0", "m", "10 m", "10d", "1e3", "-5m", "", True, None, "٣m"])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="number of steps of at least 1, or a time"):
        parse_interval(value)


def test_steps_are_due_at_multiples() -> None:
    assert [step for step in range(1, 10) if Interval(steps=3).due(step)] == [3, 6, 9]
    assert not any(Interval().due(step) for step in range(1, 10))


def test_a_jump_of_the_date_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: dict[str, Any] = {"monotonic": 1000.0, "time": 0.0}
    monkeypatch.setattr(time, "monotonic", lambda: clock["monotonic"])
    monkeypatch.setattr(time, "time", lambda: clock["time"])
    interval = Interval(seconds=600)
    interval.restart()
    for jump in (1e9, -1e9, 0.0):
        clock["time"] = jump
        assert not interval.due(1)
    clock["monotonic"] += 600
    assert interval.due(1)
    interval.restart()
    assert not interval.due(2)
