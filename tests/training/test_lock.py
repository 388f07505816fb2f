"""One trainer for a run directory, with the real processes."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from specnet import disk
from specnet.errors import RunError
from specnet.training import checkpoint
from specnet.training.lock import Lock
from specnet.training.run_directory import RunDirectory
from training_runs import TINY

SPECNET = [sys.executable, "-m", "specnet"]


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    """A trainer that has far to go, once it has a checkpoint."""
    (folder / "tiny.yaml").write_text(TINY)
    command = [
        *SPECNET,
        "train",
        "tiny.yaml",
        "--run-dir",
        "r",
        "--steps",
        "9999999",
        "--checkpoint-every",
        "5",
    ]
    trainer = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while checkpoint.newest(folder / "r" / "checkpoints") is None:
        assert time.monotonic() < until
        assert trainer.poll() is None
        time.sleep(0.1)
    return trainer


def test_a_second_trainer_is_refused_and_a_signal_saves(tmp_path: Path) -> None:
    trainer = started(tmp_path)
    try:
        for options in ([], ["--resume"]):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [*SPECNET, "train", "tiny.yaml", "--run-dir", "r", *options]
            second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert second.returncode == 2
            assert f"another trainer is using r: process {trainer.pid} on " in second.stderr
            assert second.stderr.count("specnet: error:") == 1
            # Within a second, by the work it takes: other processes may use the machine too.
            assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
        trainer.send_signal(signal.SIGTERM)
        _, told = trainer.communicate(timeout=60)
        assert trainer.returncode == 143
        newest = checkpoint.newest(tmp_path / "r" / "checkpoints")
        assert newest is not None
        assert f"stopped by SIGTERM; saved r/checkpoints/{newest.name}" in told
    finally:
        trainer.kill()
        trainer.communicate()


def test_a_lock_dies_with_its_process_and_says_who_held_it(tmp_path: Path) -> None:
    program = "import sys, time\nfrom pathlib import Path\nfrom specnet.training.lock import Lock\n"
    program += "held = Lock(Path(sys.argv[1]), print)\nprint('held', flush=True)\ntime.sleep(60)\n"
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match=f"another trainer is using {tmp_path}: process {holder.pid} on "):
        Lock(path, print)
    holder.kill()
    holder.communicate()
    Lock(path, print).release(remove=True)
    assert not path.exists()


def test_a_look_at_the_lock_keeps_no_trainer_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lock").touch()
    looking = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _: os.close(looking))
    Lock(tmp_path / "lock", print).release()


def test_a_lock_whose_file_was_taken_away_is_none(tmp_path: Path) -> None:
    """The first holder removes the file when it finds that it has nothing to do; a second one must notice."""
    first = Lock(tmp_path / "lock", print)
    first.release(remove=True)
    second = Lock(tmp_path / "lock", print)
    with pytest.raises(RunError, match="another trainer"):
        Lock(tmp_path / "lock", print)
    second.release()


def test_a_file_system_without_locks_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    notes: list[str] = []
    run = RunDirectory(tmp_path / "r", notes.append)
    run.hold(make=True)
    run.release()
    assert ["no second trainer" in note for note in notes] == [True]


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_to_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patch:
        patch.setattr(disk.calls, "mkdir", refuse)
        with pytest.raises(RunError, match=f"cannot use the run directory.*{os.strerror(error)}"):
            RunDirectory(tmp_path / "r").hold(make=True)
    (tmp_path / "r").mkdir()
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RunError, match=f"cannot use the run directory.*{os.strerror(error)}"):
        RunDirectory(tmp_path / "r").hold(make=True)


def test_what_was_made_for_nothing_is_taken_away_again(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "a" / "b" / "r")
    run.hold(make=True)
    assert (tmp_path / "a" / "b" / "r" / "lock").exists()
    run.release()
    assert list(tmp_path.iterdir()) == []
