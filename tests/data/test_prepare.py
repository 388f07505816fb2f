"""`specnet prepare`: the same bytes however it went, bad images named, a finished folder that verifies."""

from __future__ import annotations

import errno
import json
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

from specnet.data.base import Dataset, Wanted, names_of
from specnet.data.kinds.imagenet import ImageNet
from specnet.data.kinds.prepared import Prepared
from specnet.data.measure import measure
from specnet.data.prepare import manifest, prepare
from specnet.data.prepare.prepare import Options
from specnet.diagnostics.errors import DataError, UsageError
from support import image_files, imagenet_files

Cli = Callable[..., Any]
SMALL = Options(size=16)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes, 90 images to train on and 20 to test on."""
    folder = tmp_path / "photos"
    for number in range(45):
        for label, name in enumerate(("cat", "dog")):
            image_files.textured(folder / "train" / name / f"{number}.png", 2 * number + label)
            if number < 10:
                image_files.textured(folder / "val" / name / f"{number}.png", 1000 + 2 * number + label)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def specnet(*arguments: object) -> list[str]:
    """A command in a process of its own."""
    return [sys.executable, "-m", "specnet", *map(str, arguments)]


def opened(folder: Path) -> Dataset:
    return Prepared().open(str(folder), Wanted((3, 16, 16), 2))


def made(source: Path, destination: Path, options: Options = SMALL, workers: int = 1) -> manifest.Manifest:
    return prepare.prepare(source, destination, options, workers)


def test_images_come_back_as_they_were_read(photos: Path, tmp_path: Path) -> None:
    from specnet.data.kinds.image_folder import ImageFolder

    made(photos, tmp_path / "out")
    direct = ImageFolder(size=16).open(str(photos), Wanted((3, 16, 16), 2))
    stored = opened(tmp_path / "out")
    assert list(stored.classes) == ["cat", "dog"]
    for split in ("train", "test"):
        order = np.random.RandomState(0).permutation(len(getattr(direct, split)))
        for ours, theirs in zip(
            getattr(stored, split).read(order), getattr(direct, split).read(order), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
    names = (tmp_path / "out" / "train-names.txt").read_text().splitlines()
    assert names[:2] == ["train/cat/0.png", "train/cat/1.png"]
    assert names_of(stored.train, np.array([1, 89])) == ["train/cat/1.png", names[89]]


def test_statistics_are_those_of_the_training_images(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "out")
    stored = opened(tmp_path / "out")
    assert stored.statistics is not None
    for name, values in measure(stored.train).arrays().items():
        np.testing.assert_array_equal(stored.statistics.arrays()[name], values)


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
    while not list((tmp_path).glob("out/.train-*.writing")):
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert f"stopped by {signal.Signals(number).name}; run the same command again" in err
    assert "Traceback" not in err


def test_thirteen_kinds_of_bad_images(
    photos: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = image_files.converted(photos / "train" / "dog")
    bad = image_files.bad(photos / "train" / "dog")
    image_files.forbid(monkeypatch, "unreadable.png")
    done = cli("prepare", photos, tmp_path / "out", "--size", 16, "--workers", 1)
    assert done.code == 0, done.err
    found = manifest.read(tmp_path / "out")
    assert found.train.images == 90 + len(good)
    skipped = {s.name.removeprefix("train/dog/"): s.reason for s in found.train.skipped}
    assert set(skipped) == set(bad)
    for name, words in bad.items():
        assert words in skipped[name], name
    assert f"skipped train/dog/empty.jpg: {bad['empty.jpg']}" in done.err
    # The transparent palette image counts as both; small ones are enlarged, and all of them are.
    assert found.train.converted == {
        "16 bits": 1,
        "CMYK": 1,
        "enlarged": len(good),
        "grayscale": 2,
        "palette": 2,
        "rotated": 1,
        "transparency": 1,
    }
    assert "converted: 16 bits 1, CMYK 1" in done.err
    names = (tmp_path / "out" / "train-names.txt").read_text().splitlines()
    assert "train/dog/cmyk.jpg\tCMYK\tenlarged" in names
    stored = opened(tmp_path / "out")
    pixels, labels = stored.train.read(np.array([names.index("train/dog/one_pixel.png\tenlarged")]))
    assert (pixels[0, :, 5, 5].tolist(), labels[0]) == (list(image_files.GREEN), 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_strict_stops_at_the_first_one_and_goes_on_when_it_is_mended(
    photos: Path, tmp_path: Path, cli: Cli, workers: int
) -> None:
    broken = photos / "train" / "dog" / "7.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:100])
    command = ("prepare", photos, tmp_path / "out", "--size", 16, "--workers", workers)
    done = cli(*command, "--strict")
    assert done.code == 2
    assert done.err.count("error") == 1
    assert f"cannot read the image {broken}: truncated" in done.err
    assert not (tmp_path / "out" / "manifest.json").exists()
    broken.write_bytes(whole)
    done = cli(*command, "--strict")
    assert done.code == 0, done.err
    assert manifest.read(tmp_path / "out").train.images == 90


def test_strict_does_not_accept_what_was_skipped_before(photos: Path, tmp_path: Path, cli: Cli) -> None:
    (photos / "val" / "dog" / "7.png").write_text("no image")
    command = ("prepare", photos, tmp_path / "out", "--size", 16, "--workers", 1)
    assert cli(*command).code == 0
    done = cli(*command, "--strict")
    assert done.code == 2
    assert "without the image val/dog/7.png: not an image" in done.err


def test_a_source_that_vanishes_is_not_a_folder_of_bad_images(photos: Path, tmp_path: Path) -> None:
    def watch(what: str, done: int, total: int) -> None:
        if done >= 16 and photos.exists():
            photos.rename(tmp_path / "elsewhere")

    with pytest.raises(DataError, match="photos is gone"):
        prepare.prepare(photos, tmp_path / "out", SMALL, 1, watch)
    (tmp_path / "elsewhere").rename(photos)
    assert made(photos, tmp_path / "out").train.images == 90


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


def test_verify_finds_a_flipped_bit(photos: Path, tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "out"
    made(photos, out)
    assert "every file is as it was made" in cli("prepare", "--verify", out).out
    for name in ("train-00001.bin", "test-names.txt"):
        whole = (out / name).read_bytes()
        (out / name).write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
        found = cli("prepare", "--verify", out)
        assert (found.code, found.out) == (1, f"{out / name}: damaged\n")
        (out / name).write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("train-00001.bin", "train-00001.bin has .* bytes, and the manifest says"),
        ("labels.safetensors", "has .* bytes"),
        ("manifest.json", "manifest.json cannot be read"),
    ],
)
def test_a_folder_that_was_cut_short_is_refused(photos: Path, tmp_path: Path, name: str, words: str) -> None:
    made(photos, tmp_path / "out")
    path = tmp_path / "out" / name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=words):
        opened(tmp_path / "out")


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("train", "shards"), [1, 89], "does not fit"),
        (("train", "shards"), [90], "does not name the files"),
        (("train", "images"), 89, "in two ways"),
        (("shape",), [3, 2**40, 1], "shape.1"),
        (("shape",), [3, 16], "shape"),
        (("classes",), ["cat"], "labels of no class"),
        (("schema_version",), 2, "schema_version"),
        (("files", "../../etc/passwd"), {"bytes": 1, "sha256": "0" * 64}, "does not name the files"),
    ],
)
def test_a_manifest_that_lies_is_refused(
    photos: Path, tmp_path: Path, place: tuple[str, ...], value: object, words: str
) -> None:
    made(photos, tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    document = json.loads(path.read_bytes())
    part = document
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=words):
        opened(tmp_path / "out")


def test_changed_labels_are_noticed(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "out")
    path = tmp_path / "out" / "labels.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="has changed since it was made"):
        opened(tmp_path / "out")


def test_a_dataset_that_vanishes_is_one_message(photos: Path, tmp_path: Path) -> None:
    made(photos, tmp_path / "out")
    data = opened(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(DataError, match=r"cannot read .*train-00000\.bin"):
        data.train.read(np.arange(3))


def test_archives_and_their_tree_give_the_same_images(tmp_path: Path) -> None:
    imagenet_files.official(tmp_path / "archives", each=4, validation=24)
    imagenet_files.tree(tmp_path / "tree", each=4, validation=24)
    first = made(tmp_path / "archives", tmp_path / "a", workers=2)
    made(tmp_path / "tree", tmp_path / "t")
    assert contents(tmp_path / "a") == contents(tmp_path / "t")
    assert first.classes == imagenet_files.CLASSES
    assert first.words == imagenet_files.WORDS
    data = ImageNet(size=16).open(str(tmp_path / "a"), Wanted((3, 16, 16), 12))
    direct = ImageNet(size=16).open(str(tmp_path / "archives"), Wanted((3, 16, 16), 12))
    assert data.classes[3] == f"{imagenet_files.CLASSES[3]} thing 3"
    for ours, theirs in zip(data.test.read(np.arange(24)), direct.test.read(np.arange(24)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_labels_are_those_of_the_ground_truth(tmp_path: Path) -> None:
    imagenet_files.official(tmp_path / "archives", each=2, validation=24)
    made(tmp_path / "archives", tmp_path / "out")
    _, shown = imagenet_files.validation_images(24)
    names = (tmp_path / "out" / "test-names.txt").read_text().splitlines()
    labels = opened(tmp_path / "out").test.read(np.arange(24))[1]
    for line, label in zip(names, labels, strict=True):
        number = int(line.split("\t")[0][-13:-5])
        assert imagenet_files.CLASSES[label] == shown[number - 1]


def test_what_is_missing_of_imagenet_is_named(tmp_path: Path, cli: Cli) -> None:
    for missing in ("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"):
        folder = tmp_path / missing
        imagenet_files.official(folder, each=1, validation=3)
        (folder / missing).unlink()
        done = cli("prepare", folder, tmp_path / "out", "--workers", 1)
        assert done.code == 2
        assert missing in done.err


def test_bad_images_in_archives(tmp_path: Path) -> None:
    folder = tmp_path / "archives"
    imagenet_files.official(folder, each=2, validation=3)
    first, *others = imagenet_files.CLASSES
    images = imagenet_files.train_images(2)
    classes = {name: imagenet_files.tarred(images[name]) for name in others}
    broken = {"a.JPEG": b"", "b\n.JPEG": b"no image", "../../c.JPEG": images[first][f"{first}_0.JPEG"]}
    classes[first] = imagenet_files.tarred(broken)
    outer = imagenet_files.tarred({f"{name}.tar": data for name, data in classes.items()})
    (folder / "ILSVRC2012_img_train.tar").write_bytes(outer)
    found = made(folder, tmp_path / "out")
    assert {(s.name, s.reason) for s in found.train.skipped} == {
        (f"train/{first}/a.JPEG", "the file is empty"),
        (rf"train/{first}/b\n.JPEG", "not an image"),
    }
    assert found.train.images == 2 * 11 + 1
    assert {path.name for path in tmp_path.iterdir()} == {"archives", "out"}
