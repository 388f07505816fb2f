"""Checkpoints: written whole or not at all, verified, and never lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from specnet.diagnostics.errors import RunError
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.checkpoint_names import FILES
from specnet.runs.records import Evaluation, RunProgress
from specnet.storage import reading, system
from specnet.storage.checksum import checksummed_json, verified_json
from support.disks import Watched, failing, flip

Scores = tuple[float, float]


def made(step: int, scores: Scores | None = None) -> Checkpoint:
    """`scores` are top-1 error and loss of the checkpoint's own weights."""
    weights = {"a.weight": np.full((2, 3), float(step)), "a.bias": np.arange(2.0)}
    own = Evaluation(loss=scores[1], top1_error=scores[0], top5_error=0.0) if scores else None
    progress = RunProgress(step=step, evaluations=(), evaluation=own)
    return Checkpoint(weights, {"velocity": {"a.weight": np.ones((2, 3))}}, progress)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = checkpoint.write(tmp_path, made(7))
    assert path.name == "step-00000007"
    again = checkpoint.read(path)
    assert again.step == 7
    assert np.array_equal(again.weights["a.weight"], np.full((2, 3), 7.0))
    assert again.weights["a.weight"].dtype == np.float64
    assert names(path) == sorted([*FILES, "manifest.json"])


def test_two_remain(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        checkpoint.write(tmp_path, made(step))
    assert names(tmp_path) == ["step-00000003", "step-00000004"]


def test_steps_are_numbers_and_not_words(tmp_path: Path) -> None:
    for step in (99_999_998, 99_999_999, 100_000_000):
        checkpoint.write(tmp_path, made(step))
    assert checkpoint.newest(tmp_path) == tmp_path / "step-100000000"
    assert names(tmp_path) == ["step-100000000", "step-99999999"]


def test_the_best_remains_too_by_error_then_by_loss(tmp_path: Path) -> None:
    assert checkpoint.best(tmp_path) is None
    scores: list[Scores | None] = [(0.5, 1.0), (0.2, 0.9), None, (0.2, 0.8), (0.3, 0.1), None, None]
    for step, own in enumerate(scores, 1):
        checkpoint.write(tmp_path, made(step, own))
    assert checkpoint.best(tmp_path) == tmp_path / "step-00000004"
    assert names(tmp_path) == ["step-00000004", "step-00000006", "step-00000007"]
    (tmp_path / "step-00000004" / "state.json").unlink()
    assert checkpoint.best(tmp_path) is None, "a damaged one is not taken"
    checkpoint.write(tmp_path, made(8, (0.4, float("nan"))))
    checkpoint.write(tmp_path, made(9, (0.4, 7.0)))
    assert checkpoint.best(tmp_path) == tmp_path / "step-00000009"


@pytest.mark.slow
def test_every_changed_byte_is_noticed_and_the_one_before_is_taken(tmp_path: Path) -> None:
    checkpoint.write(tmp_path, made(1))
    newest = checkpoint.write(tmp_path, made(2))
    for name in (*FILES, "manifest.json"):
        good = (newest / name).read_bytes()
        for place in range(len(good)):
            for bits in (1, 2, 4, 8, 16, 32, 64, 128, 255):
                flip(newest / name, place, bits)
                assert checkpoint.problem(newest) is not None, f"{name}, byte {place}, bits {bits}"
                flip(newest / name, place, bits)
        for changed in (good[:-1], good + b"\n", b"", good[:-1] + b"\0"):
            (newest / name).write_bytes(changed)
            assert checkpoint.problem(newest) is not None
            assert checkpoint.newest(tmp_path) == tmp_path / "step-00000001"
        (newest / name).write_bytes(good)
    assert checkpoint.newest(tmp_path) == newest


@pytest.mark.parametrize(
    "value", [b"[" * 60_000, b"[]", b"{}", b'{"files": 3}', b"\xff", b'"\\ud800"', b"x" * 70_000]
)
def test_a_manifest_that_is_none_is_a_finding(tmp_path: Path, value: bytes) -> None:
    path = checkpoint.write(tmp_path, made(1))
    (path / "manifest.json").write_bytes(value)
    assert checkpoint.problem(path) is not None


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("manifest.json", "weights.safetensors"):
        path = checkpoint.write(tmp_path, made(1))
        (path / name).unlink()
        os.mkfifo(path / name)
        assert "not a plain file" in str(checkpoint.problem(path))


@pytest.mark.parametrize(
    "state",
    [
        *("[]", "{}", '{"step": 1}', '{"step": -1, "evaluations": []}', '{"step": "1", "evaluations": []}'),
        *('{"step": 1, "evaluations": [3]}', '{"step": 1, "evaluations": [{"loss": 1}]}', "[" * 99_999),
        '{"step": 1, "evaluations": [], "evaluation": {"loss": "a", "top1_error": 0, "top5_error": 0}}',
    ],
)
def test_a_state_that_fits_its_checksum_but_nothing_else_is_refused(tmp_path: Path, state: str) -> None:
    path = checkpoint.write(tmp_path, made(1))
    (path / "state.json").write_text(state)
    manifest = verified_json((path / "manifest.json").read_bytes())
    size, sha256 = reading.digest(path / "state.json")
    manifest["files"]["state.json"] = {"bytes": size, "sha256": sha256}
    (path / "manifest.json").write_bytes(checksummed_json(manifest))
    assert checkpoint.problem(path) is None
    with pytest.raises(RunError, match="cannot be read"):
        checkpoint.read(path)
    assert checkpoint.best(tmp_path) is None


def calls_of_a_save(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every call of the fourth save under `folder`, which removes an old checkpoint."""
    made_calls: list[str] = []
    monkeypatch.setattr(system, "calls", Watched(lambda _, name, __: made_calls.append(name)))
    checkpoint.write(folder, made(4))
    monkeypatch.undo()
    return made_calls


@pytest.mark.slow
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_an_error_at_any_call_of_a_save_is_one_error_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    before = tmp_path / "before"
    monkeypatch.setattr(system, "calls", failing(0, error))
    for step, scores in ((1, (0.1, 1.0)), (2, None), (3, None)):
        checkpoint.write(before, made(step, scores))
    shutil.copytree(before, tmp_path / "counted")
    calls = calls_of_a_save(tmp_path / "counted", monkeypatch)
    assert {"open", "read", "write", "fsync", "close", "mkdir", "rename", "unlink", "rmdir"} == set(calls)
    for number, name in enumerate(calls, 1):
        folder = tmp_path / f"{number}"
        shutil.copytree(before, folder)
        monkeypatch.setattr(system, "calls", failing(number, error, half=True))
        with pytest.raises(RunError, match=os.strerror(error)):
            checkpoint.write(folder, made(4))
        monkeypatch.undo()
        assert checkpoint.problem(folder / "step-00000003") is None, f"call {number}, {name}"
        assert checkpoint.best(folder) == folder / "step-00000001"
        monkeypatch.setattr(system, "calls", failing(0, error))
        again = checkpoint.write(folder, made(5))
        assert checkpoint.newest(folder) == again
        assert not list(folder.glob(".writing-*"))
        shutil.rmtree(folder)


def test_a_folder_that_somebody_is_reading_may_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network file system keeps removed files that are open, and refuses to remove their folder."""
    for step in (1, 2):
        checkpoint.write(tmp_path, made(step))

    def busy(_: int, name: str, __: object) -> None:
        if name == "rmdir":
            raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(system, "calls", Watched(busy))
    assert checkpoint.write(tmp_path, made(3)).name == "step-00000003"


def test_a_checkpoint_that_cannot_be_read_back_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes everything and returns something else."""
    checkpoint.write(tmp_path, made(1))
    digest = reading.digest

    def other(path: Path, limit: int | None = None) -> tuple[int, str]:
        size, sha256 = digest(path, limit)
        return (size, "0" * 64) if path.parent.name == "step-00000002" else (size, sha256)

    monkeypatch.setattr(reading, "digest", other)
    with pytest.raises(RunError, match=r"cannot be read back: weights\.safetensors has changed"):
        checkpoint.write(tmp_path, made(2))
    assert checkpoint.newest(tmp_path) == tmp_path / "step-00000001"


def test_leftovers_of_a_killed_save_are_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / ".writing-step-00000009").mkdir()
    (tmp_path / "step-00000008").mkdir()
    assert checkpoint.newest(tmp_path) is None
    checkpoint.write(tmp_path, made(8))
    assert checkpoint.newest(tmp_path) == tmp_path / "step-00000008"


def test_a_link_is_no_checkpoint_and_what_it_points_to_stays(tmp_path: Path) -> None:
    elsewhere = checkpoint.write(tmp_path / "elsewhere", made(1))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "step-00000001").symlink_to(elsewhere)
    for step in (2, 3):
        checkpoint.write(tmp_path / "here", made(step))
    assert names(tmp_path / "here") == ["step-00000001", "step-00000002", "step-00000003"]
    assert (tmp_path / "here" / "step-00000001").is_symlink()
    with pytest.raises(RunError, match="is a link"):
        checkpoint.write(tmp_path / "here", made(1))
    assert checkpoint.problem(elsewhere) is None


def test_the_manifest_is_json_for_others_too(tmp_path: Path) -> None:
    manifest = json.loads((checkpoint.write(tmp_path, made(1)) / "manifest.json").read_text())
    assert list(manifest) == ["schema_version", "files", "sha256"]
