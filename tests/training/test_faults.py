"""What goes wrong while a run trains: one message each, and what was saved stays."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specnet_torch.executable as executable
from specnet.diagnostics.errors import DataError, RunError
from specnet.runs import checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.storage import system
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.testing.comparing import assert_equal
from specnet.training.batches import Inputs
from specnet.training.callbacks.metrics import Metrics
from specnet.training.trainer import IN_FLIGHT
from support import data_folders
from support.disks import Watched, failing
from support.training_runs import TINY, run

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]
FOLDER = TINY.replace(
    "synthetic, shape: [1, 8, 8], train_images: 60, test_images: 20", "image_folder, size: 8"
)


@pytest.fixture
def tiny() -> Spec:
    return load_spec(document.parse(TINY, "tiny.yaml"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return data_folders.noise(tmp_path / "photos")


def steps_of(directory: Path) -> list[int]:
    paths = sorted((directory / "checkpoints").iterdir())
    assert [checkpoint.problem(path) for path in paths] == [None] * len(paths)
    return [checkpoint.read(path).step for path in paths]


def broken_at(monkeypatch: pytest.MonkeyPatch, at: int, value: float) -> None:
    """The loss of that step is `value`."""
    original, taken = executable.TorchExecutable.train_step, [0]

    def step(self: Any, *arguments: Any, **options: Any) -> Any:
        taken[0] += 1
        result = original(self, *arguments, **options)
        return float(result) * value if taken[0] == at else result

    monkeypatch.setattr(executable.TorchExecutable, "train_step", step)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("at", [7, 8, 9, 32])
def test_a_loss_that_is_not_finite_names_step_and_samples_and_is_never_saved(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, value: float
) -> None:
    """Losses are read up to IN_FLIGHT steps late; a save in between must look at them first."""
    assert IN_FLIGHT >= 2
    broken_at(monkeypatch, at, value)
    with pytest.raises(
        RunError, match=rf"the loss is {value} at step {at} \(epoch {-(-at // 8)}\)"
    ) as caught:
        run(tiny, tmp_path / "r", checkpoint_every=3)
    kept = steps_of(tmp_path / "r")
    assert kept[-1] < at
    assert f"the last checkpoint is {tmp_path / 'r' / 'checkpoints'}/step-{kept[-1]:08d}" in str(caught.value)
    last = json.loads((tmp_path / "r" / "metrics.jsonl").read_text().splitlines()[-1])
    assert (last["step"], last["stopped"]) == (at, str(value))
    # Every image has its place in one batch of the epoch.
    seen = [int(i) for i in last["samples"]]
    assert len(seen) == (4 if at % 8 == 0 else 8)
    assert set(seen) <= set(range(60))
    assert ", ".join(last["samples"][:8]) in str(caught.value)
    monkeypatch.undo()
    run(tiny, tmp_path / "r", resume=True, checkpoint_every=None)
    run(tiny, tmp_path / "whole")
    states = [checkpoint.read(d / "checkpoints" / "step-00000032").weights for d in tmp_path.glob("[rw]*")]
    assert_equal(*states)


def test_the_samples_of_a_step_are_those_that_it_was_given(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specnet.data.kinds.synthetic import Noise

    read, seen = Noise.read, list[list[int]]()

    def watch(self: Noise, indices: Any) -> Any:
        if self.split == "train" and len(indices) <= 8:
            seen.append(indices.tolist())
        return read(self, indices)

    monkeypatch.setattr(Noise, "read", watch)
    broken_at(monkeypatch, 13, float("nan"))
    with pytest.raises(RunError, match="step 13"):
        run(tiny, tmp_path / "r")
    last = json.loads((tmp_path / "r" / "metrics.jsonl").read_text().splitlines()[-1])
    assert [int(i) for i in last["samples"]] == seen[12]


def test_files_are_named(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_at(monkeypatch, 2, float("nan"))
    spec = load_spec(document.parse(FOLDER))
    with pytest.raises(RunError, match=r"on the samples train/[abcd]/\d\d\.png, .*; the run was stopped"):
        run(spec, tmp_path / "r", data=f"image_folder:{photos}")


def test_weights_that_are_not_finite_are_not_saved(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update after a finite loss may be what breaks them."""
    original, taken = executable.TorchExecutable.train_step, [0]

    def step(self: Any, *arguments: Any, **options: Any) -> Any:
        taken[0] += 1
        loss = original(self, *arguments, **options)
        if taken[0] == 6:
            self._weights["out.a.bias"].data[1] = float("inf")
        return loss

    monkeypatch.setattr(executable.TorchExecutable, "train_step", step)
    with pytest.raises(RunError, match=r"'out\.a\.bias' has values that are not finite after step 6"):
        run(tiny, tmp_path / "r", checkpoint_every=3)
    assert steps_of(tmp_path / "r") == [3]


def test_a_test_loss_that_is_not_finite_stops_the_run(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = executable.TorchExecutable.forward

    def infinite(self: Any, inputs: Any) -> Any:
        return {name: values * np.inf for name, values in forward(self, inputs).items()}

    monkeypatch.setattr(executable.TorchExecutable, "forward", infinite)
    with pytest.raises(RunError, match="the loss on the test images is nan after step 8"):
        run(tiny, tmp_path / "r", checkpoint_every=7)
    assert steps_of(tmp_path / "r") == [7]


def test_a_data_folder_that_vanishes_saves_the_steps_done(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = load_spec(document.parse(FOLDER))
    data = f"image_folder:{photos}"
    run(spec, tmp_path / "whole", data=data)
    original, taken = executable.TorchExecutable.train_step, [0]

    def step(self: Any, *arguments: Any, **options: Any) -> Any:
        taken[0] += 1
        if taken[0] == 11:
            photos.rename(photos.with_name("elsewhere"))
        return original(self, *arguments, **options)

    monkeypatch.setattr(executable.TorchExecutable, "train_step", step)
    with pytest.raises(DataError, match=r"cannot read the image .*\n  hint: saved .*step-000000") as caught:
        run(spec, tmp_path / "r", data=data)
    monkeypatch.undo()
    saved = steps_of(tmp_path / "r")[-1]
    assert saved >= 11
    assert f"step-{saved:08d}" in str(caught.value)
    with pytest.raises(DataError, match="does not exist"):
        run(spec, tmp_path / "r", data=data, resume=True)
    run(spec, tmp_path / "r", data=f"image_folder:{photos.with_name('elsewhere')}", resume=True)
    states = [checkpoint.read(d / "checkpoints" / "step-00000032").weights for d in tmp_path.glob("[rw]*")]
    assert_equal(*states)


def test_test_images_that_vanish_save_the_epoch(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, data = load_spec(document.parse(FOLDER)), f"image_folder:{photos}"
    run(spec, tmp_path / "r", data=data, steps=7)
    begin = Progress.begin

    def vanish(self: Progress, done: int = 0) -> None:
        shutil.move(photos / "test", photos / "elsewhere")
        begin(self, done)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "begin", vanish)
        with pytest.raises(DataError, match="cannot read the image"):
            run(spec, tmp_path / "r", data=data, steps=9, resume=True)
    assert steps_of(tmp_path / "r") == [7, 8]
    shutil.move(photos / "elsewhere", photos / "test")
    run(spec, tmp_path / "r", data=data, steps=9, resume=True)
    lines = (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()
    assert [e["step"] for e in map(json.loads, lines) if "evaluation" in e] == [7, 8, 9]


def test_a_dataset_that_lets_an_error_of_the_system_through(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = Inputs._augmented

    def stale(self: Inputs, *arguments: Any) -> Any:
        if len(seen) == 5:
            raise OSError(errno.ESTALE, "Stale file handle", "/data/shard-00001")
        seen.append(1)
        return samples(self, *arguments)

    seen: list[int] = []
    monkeypatch.setattr(Inputs, "_augmented", stale)
    with pytest.raises(DataError, match=r"cannot read the data: .*Stale file handle.*shard-00001"):
        run(tiny, tmp_path / "r")
    assert steps_of(tmp_path / "r") == [5]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("part", ["start", "record", "save"])
def test_a_disk_that_refuses_is_one_message_and_the_run_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli, error: int, part: str
) -> None:
    """A seeded few of the calls of each part; test_checkpoint.py fails every one of a save."""
    spec = tmp_path / "tiny.yaml"
    spec.write_text(TINY)
    before, calls = tmp_path / "before", [0]
    command = ("train", spec, "--checkpoint-every", "2", "--run-dir")
    if part != "start":
        assert cli(*command, before, "--steps", "4").code == 0
    resume = ["--resume"] if part != "start" else []
    # Pictures and event files may fail without stopping a run.
    kind, method = {
        "start": (RunDirectory, "start"),
        "record": (Metrics, "line"),
        "save": (RunDirectory, "save"),
    }[part]
    owner: Any = getattr(kind, method)

    def within(made: Callable[[], system.Calls]) -> None:
        def call(self: object, *arguments: Any) -> Any:
            with monkeypatch.context() as patch:
                patch.setattr(system, "calls", made())
                return owner(self, *arguments)

        monkeypatch.setattr(kind, method, call)

    def count(number: int, *_: object) -> None:
        calls[0] = max(calls[0], number)

    within(lambda: Watched(count))
    whole = tmp_path / "whole"
    if part != "start":
        shutil.copytree(before, whole)
    assert cli(*command, whole, "--steps", "6", *resume).code == 0
    chosen = np.random.RandomState(error).permutation(calls[0])[:6] + 1
    for at in sorted(chosen.tolist()):
        directory = tmp_path / f"{at}"
        if part != "start":
            shutil.copytree(before, directory)
        within(lambda at=at: failing(at, error))  # type: ignore[misc]
        done = cli(*command, directory, "--steps", "6", *resume)
        monkeypatch.undo()
        assert done.code == 2, f"call {at}"
        assert done.err.count("specnet: error:") == 1, done.err
        assert os.strerror(error) in done.err
        assert "Traceback" not in done.err
        if part != "start":
            assert checkpoint.problem(directory / "checkpoints" / "step-00000004") is None
        again = ["--resume"] if (directory / "spec.yaml").exists() else []
        assert cli(*command, directory, "--steps", "6", *again).code == 0
        state, expected = (
            checkpoint.read(d / "checkpoints" / "step-00000006").weights for d in (directory, whole)
        )
        assert_equal(state, expected)


def test_a_reader_of_the_progress_that_goes_away_stops_nothing(tiny: Spec, tmp_path: Path) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    assert run(tiny, tmp_path / "r", progress=Progress(Gone())).step == 32
