"""One trainer for a run directory, with the real processes."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from specnet.diagnostics.errors import RunError
from specnet.runs import checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.storage import system
from specnet.storage.folder import Folder
from specnet.storage.lock import Held, Lock, is_held
from support.training_runs import TINY

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


@pytest.mark.slow
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
    program = "import sys, time\nfrom pathlib import Path\nfrom specnet.storage.lock import Lock\n"
    program += "from specnet.storage.folder import Folder\nheld = Lock(Folder.opened(Path(sys.argv[1])))\n"
    program += "print('held', flush=True)\ntime.sleep(60)\n"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with Folder.opened(tmp_path) as folder:
        with pytest.raises(Held, match=f"process {holder.pid} on "):
            Lock(folder)
        assert is_held(tmp_path)
        holder.kill()
        holder.communicate()
        assert not is_held(tmp_path)
        Lock(folder).release(remove=True)
    assert not list(tmp_path.iterdir())


def test_a_look_at_the_lock_keeps_no_trainer_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _: os.close(looking))
    with Folder.opened(tmp_path) as folder:
        Lock(folder).release()


@pytest.mark.parametrize("folders_lock", [True, False])
def test_a_lock_whose_file_was_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders_lock: bool
) -> None:
    """Removing the file lets nobody in; and where folders cannot be locked, a lock on a file that is gone is
    none."""
    flock = fcntl.flock

    def files_only(descriptor: int, how: int) -> None:
        if not folders_lock and stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", files_only)
    with Folder.opened(tmp_path) as one, Folder.opened(tmp_path) as other:
        first = Lock(one)
        assert first.protects
        with pytest.raises(Held):
            Lock(other)
        (tmp_path / "lock").unlink()
        if folders_lock:
            with pytest.raises(Held):
                Lock(other)
        first.release(remove=True)
        second = Lock(other)
        with pytest.raises(Held):
            Lock(one)
        second.release()


def test_the_file_of_a_lock_may_be_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a letter")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "lock").symlink_to(tmp_path / "mine")
    with Folder.opened(tmp_path / "r") as folder:
        with pytest.raises(OSError, match="is a link"):
            Lock(folder)
        (tmp_path / "r" / "lock").unlink()
        (tmp_path / "r" / "lock").hardlink_to(tmp_path / "mine")
        Lock(folder).release()
    assert (tmp_path / "mine").read_text() == "a letter"


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
    def refuse(*_: object, **__: object) -> None:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patch:
        patch.setattr(system.calls, "mkdir", refuse)
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
