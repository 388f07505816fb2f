"""`specnet prepare`: the same bytes however it went, on any disk."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.data.base import Wanted, names_of
from specnet.data.measure import measure
from specnet.data.prepare import prepare
from specnet.data.prepare.prepare import Options
from specnet.diagnostics.errors import DataError, UsageError
from specnet.testing.comparing import assert_equal
from support import image_files
from support.prepared import SMALL, contents, made, opened, shown

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


def specnet(*arguments: object) -> list[str]:
    """A command in a process of its own."""
    return [sys.executable, "-m", "specnet", *map(str, arguments)]


def test_images_come_back_as_they_were_read(photos: Path, tmp_path: Path) -> None:
    from specnet.data.kinds.image_folder import ImageFolder

    made(photos, tmp_path / "out")
    direct = ImageFolder(size=16).open(str(photos), Wanted((3, 16, 16), 2))
    stored = opened(tmp_path / "out")
    assert list(stored.classes) == ["cat", "dog"]
    for ours, theirs, count in ((stored.train, direct.train, 90), (stored.test, direct.test, 20)):
        order = np.random.RandomState(0).permutation(count)
        assert len(ours) == len(theirs) == count
        assert_equal(shown(ours, order), shown(theirs, order))
    names = (tmp_path / "out" / "train-names.txt").read_text().splitlines()
    assert names[:2] == ["train/cat/0.png", "train/cat/1.png"]
    assert names_of(stored.train, np.array([1, 89])) == ["train/cat/1.png", names[89]]


def test_statistics_are_those_of_the_training_images(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "out")
    stored = opened(tmp_path / "out")
    assert stored.statistics is not None
    assert_equal(stored.statistics.arrays(), measure(stored.train).arrays())


def test_the_bytes_do_not_depend_on_the_workers(photos: Path, tmp_path: Path, cli: Cli) -> None:
    for workers in (1, 2, 3):
        done = cli("prepare", photos, tmp_path / str(workers), "--size", 16, "--workers", workers)
        assert done.code == 0, done.err
    assert "90 images to train on, 20 to test on, 2 classes, 3x16x16" in done.out
    first = contents(tmp_path / "1")
    assert set(first) == {
        *("manifest.json", "labels.safetensors", "statistics.safetensors"),
        *("train-00000.bin", "train-00001.bin", "train-names.txt", "test-00000.bin", "test-names.txt"),
    }
    assert contents(tmp_path / "2") == first
    assert contents(tmp_path / "3") == first


def test_what_was_interrupted_goes_on(photos: Path, tmp_path: Path) -> None:
    """Stopped at every report of progress in turn, a run more each time, until it is through."""
    made(photos, tmp_path / "at once")

    class Stop(Exception):  # noqa: N818
        pass

    stops = 0
    for allowed in range(1, 40):
        told: list[int] = []

        def watch(what: str, done: int, total: int, told: list[int] = told, allowed: int = allowed) -> None:
            told.append(done)
            if len(told) > allowed:
                raise Stop

        try:
            prepare.prepare(photos, tmp_path / "out", SMALL, 1, watch)
            break
        except Stop:
            stops += 1
            assert not (tmp_path / "out" / "manifest.json").exists()
            with pytest.raises(DataError, match="not finished"):
                opened(tmp_path / "out")
    assert stops > 3
    assert told[0] >= 64  # what was done was not done again
    assert contents(tmp_path / "out") == contents(tmp_path / "at once")


def test_files_that_changed_in_between_are_prepared_as_they_are_now(photos: Path, tmp_path: Path) -> None:
    """Half of the work is done when images are taken away: shards move, and one is too many."""

    class Stop(Exception):  # noqa: N818
        pass

    def watch(what: str, done: int, total: int) -> None:
        if done == 90:
            raise Stop

    with pytest.raises(Stop):
        prepare.prepare(photos, tmp_path / "out", SMALL, 1, watch)
    assert (tmp_path / "out" / "train-00000.bin").exists()
    for number in range(30):
        (photos / "train" / "cat" / f"{number}.png").unlink()
    made(photos, tmp_path / "fresh")
    assert "train-00001.bin" not in contents(tmp_path / "fresh")
    made(photos, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_a_kill_at_any_moment_loses_nothing(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "at once")
    out = tmp_path / "out"
    command = specnet("prepare", photos, out, "--size", 16, "--workers", 2)
    codes = []
    for moment in (0.3, 0.6, 0.8, 0.9, 1.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        codes.append(process.wait())
        assert process.stderr is not None
        process.stderr.read()  # ends when the last worker has closed its end: none stays behind
        process.stderr.close()
    assert -9 in codes
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(tmp_path / "at once")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_stops_with_a_message(
    photos: Path, tmp_path: Path, number: int, code: int, workers: int
) -> None:
    large = photos / "train" / "cat" / "large.png"
    image_files.textured(large, 0, 1500, 1500)
    for i in range(60):
        large.with_name(f"large{i}.png").hardlink_to(large)
    command = specnet("prepare", photos, tmp_path / "out", "--workers", workers)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("out/.train-*.writing")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert f"stopped by {signal.Signals(number).name}; run the same command again" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses_is_one_message_each_time(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Every flush to the disk fails in turn; the next attempt goes on from there."""
    made(photos, tmp_path / "at once")
    real, calls, failing = os.fsync, iter(range(1000)), 0

    def refusing(descriptor: int) -> None:
        if next(calls) == failing:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", refusing)
    # Two folders that are made; the plan, three shards, their records, four files and the manifest, each with
    # its folder.
    flushes = 2 + 2 * (1 + 3 + 3 + 4 + 1)
    for failing in range(flushes):
        out, calls = tmp_path / f"out{failing}", iter(range(1000))
        with pytest.raises(UsageError, match=f"cannot (write|use) {out}.*{os.strerror(number)}"):
            made(photos, out)
        assert made(photos, out).train.images == 90
        assert contents(out) == contents(tmp_path / "at once")
    calls, failing = iter(range(1000)), flushes
    made(photos, tmp_path / "enough")
    assert next(calls) == flushes


def test_too_little_space_is_noticed_first(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100_000))
    # 110 images of 768 bytes, and for each of three shards a sum of 8 bytes a value: 101 KiB.
    with pytest.raises(UsageError, match=r"needs 100\.5 KiB, and 97\.7 KiB are free"):
        made(photos, tmp_path / "out")


def test_a_second_process_is_refused(photos: Path, tmp_path: Path) -> None:
    def watch(what: str, done: int, total: int) -> None:
        with pytest.raises(UsageError, match="another process is preparing"):
            made(photos, tmp_path / "out")

    prepare.prepare(photos, tmp_path / "out", SMALL, 1, watch)


def test_folders_that_cannot_be_used(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "out")
    assert made(photos, tmp_path / "out").train.images == 90  # nothing to do
    for source, destination, options, words in (
        (photos, tmp_path / "out", Options(size=8), "from other images, or at another size"),
        (tmp_path / "out", tmp_path / "twice", SMALL, "is prepared already"),
        (photos, photos / "out", SMALL, "lies in"),
        (photos, tmp_path / "photos" / "train", SMALL, "lies in"),
        (photos, tmp_path, SMALL, "holds other files"),
        (tmp_path / "nowhere", tmp_path / "o", SMALL, "does not exist"),
    ):
        with pytest.raises(UsageError, match=words):
            made(source, destination, options)


def test_unfinished_work_of_other_options_is_refused(photos: Path, tmp_path: Path) -> None:
    (photos / "val" / "cat").rename(tmp_path / "aside")
    (photos / "val" / "cat").mkdir()
    for path in (photos / "val" / "dog").iterdir():
        path.write_text("no image")
    with pytest.raises(
        DataError, match="none of the 10 images to test on can be used; the first is val/dog/0"
    ):
        made(photos, tmp_path / "out")
    with pytest.raises(UsageError, match="unfinished work with other classes or options"):
        made(photos, tmp_path / "out", Options(size=8))


def test_a_worker_that_dies_is_one_message(photos: Path, tmp_path: Path) -> None:
    def watch(what: str, done: int, total: int) -> None:
        for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
            if b"prepare.workers:work" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)

    with pytest.raises(UsageError, match=r"a worker ended by SIGKILL while it made .*train-0000"):
        prepare.prepare(photos, tmp_path / "out", SMALL, 2, watch)
    assert made(photos, tmp_path / "out").train.images == 90
