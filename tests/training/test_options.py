"""What cannot be asked of a training, how often it is saved, and what the clock has to do with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import UsageError
from specnet.training.options import Interval, TrainOptions, parse_interval
from support.training_runs import TINY


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 1, "steps": 1}, "not both"),
        ({"epochs": 0}, "epochs is a whole number of at least 1, not 0"),
        ({"steps": 1.5}, "steps is a whole number"),
        ({"micro_batch": -1}, "micro_batch is a whole number"),
        ({"checkpoint_every": "soon"}, "number of steps of at least 1, or a time"),
        ({"allow_changes": True}, "only a run that goes on"),
    ],
)
def test_what_cannot_be_is_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainOptions(**options)


@pytest.mark.parametrize("flags", [["--allow-changes"], ["--checkpoint-every", "soon"]])
def test_of_several_specs_too(cli: Callable[..., Any], tmp_path: Path, flags: list[str]) -> None:
    """One message, and nothing is written: the options are those of all."""
    names = [tmp_path / f"{name}.yaml" for name in ("one", "two")]
    for path in names:
        path.write_text(TINY.replace("name: tiny", f"name: {path.stem}"))
    done = cli("train", *names, "--run-dir", tmp_path / "all", *flags)
    assert (done.code, done.err.count("error:")) == (2, 1)
    assert not (tmp_path / "all").exists()


def test_the_interval_is_the_one_asked_for() -> None:
    never = TrainOptions(checkpoint_every=None).interval()
    assert (never.steps, never.seconds) == (None, None)
    assert TrainOptions(checkpoint_every=7).interval().due(14)
    assert TrainOptions().interval().seconds == 600
