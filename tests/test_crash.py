"""A small run of the kills of `make crash`, always the same ones, on both backends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import crash

pytestmark = pytest.mark.slow


def test_ten_trainers_are_killed_and_nothing_is_lost() -> None:
    command = [sys.executable, crash.__file__, "--moments", "10", "--in-saves", "4", "--seed", "1"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(crash.__file__).parent
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for backend in crash.BACKENDS:
        assert f"{backend}: 5 kills" in done.stdout


def test_the_moments_are_as_many_as_asked_for_and_follow_from_the_seed() -> None:
    moments = crash.drawn("0 torch", 100, 25)
    assert moments == crash.drawn("0 torch", 100, 25) != crash.drawn("1 torch", 100, 25)
    assert [moment.kind for moment in moments].count("save") == 25
    assert {moment.kind for moment in moments} == set(crash.KINDS)
