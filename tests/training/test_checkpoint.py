"""Checkpoints: written whole or not at all, verified, and never lost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from specnet.errors import RunError
from specnet.training import checkpoint
from specnet.training.checkpoint import Checkpoint


def made(step: int) -> Checkpoint:
    weights = {"a.weight": np.full((2, 3), float(step)), "a.bias": np.arange(2.0)}
    return Checkpoint(weights, {"a.weight": np.ones((2, 3))}, {"step": step, "evaluations": []})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = checkpoint.write(tmp_path, made(7))
    assert path.name == "step-00000007"
    again = checkpoint.read(path)
    assert again.step == 7
    np.testing.assert_array_equal(again.weights["a.weight"], np.full((2, 3), 7.0))
    assert again.weights["a.weight"].dtype == np.float64
    assert sorted(p.name for p in path.iterdir()) == sorted([*checkpoint.FILES, "manifest.json"])


def test_two_remain(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        checkpoint.write(tmp_path, made(step))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000003", "step-00000004"]


def test_every_flipped_byte_is_noticed_and_the_one_before_is_taken(tmp_path: Path) -> None:
    checkpoint.write(tmp_path, made(1))
    newest = checkpoint.write(tmp_path, made(2))
    for name in (*checkpoint.FILES, "manifest.json"):
        good = (newest / name).read_bytes()
        for place in range(len(good)):
            (newest / name).write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            if checkpoint.problem(newest) is None:
                # A changed key that nobody reads, such as the manifest's own version, is the one exception.
                assert name == "manifest.json"
                assert checkpoint.read(newest).step == 2
        (newest / name).write_bytes(good[:-1])
        assert checkpoint.problem(newest) is not None
        assert checkpoint.newest(tmp_path) == tmp_path / "step-00000001"
        (newest / name).write_bytes(good)
    assert checkpoint.newest(tmp_path) == newest


@pytest.mark.parametrize("failing", range(1, 8))
def test_a_failure_while_writing_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """A save asks the disk six times: for four files, their folder, and the rename."""
    first = checkpoint.write(tmp_path, made(1))
    calls = 0
    sync = os.fsync

    def fail(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    if failing <= 6:
        with pytest.raises(RunError, match="No space left on device"):
            checkpoint.write(tmp_path, made(2))
        assert checkpoint.problem(first) is None
        assert checkpoint.newest(tmp_path) in (first, tmp_path / "step-00000002")
    else:
        checkpoint.write(tmp_path, made(2))
        assert calls == 6


def test_leftovers_of_a_killed_save_are_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / ".writing-step-00000009").mkdir()
    (tmp_path / "step-00000008").mkdir()
    assert checkpoint.newest(tmp_path) is None
    checkpoint.write(tmp_path, made(8))
    assert checkpoint.newest(tmp_path) == tmp_path / "step-00000008"
