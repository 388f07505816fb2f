"""Runs that come from somebody else, or to which somebody has done something while they were trained."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.diagnostics.errors import RunError, UsageError
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.run_directory import PICTURES, WRITTEN, RunDirectory
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.storage import reading
from specnet.storage.checksum import checksummed_json, verified_json
from specnet.storage.folder import Folder
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.testing.comparing import assert_equal
from specnet.training.trainer import Trainer
from support.training_runs import TINY, run

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


@pytest.fixture
def tiny() -> Spec:
    return load_spec(document.parse(TINY, "tiny.yaml"))


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_text("dear friend")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", [*WRITTEN, *PICTURES])
def test_a_link_under_a_name_that_is_written_is_refused_by_name(
    tiny: Spec, tmp_path: Path, letter: Path, name: str
) -> None:
    run(tiny, tmp_path / "r", steps=2)
    place = tmp_path / "r" / name
    elsewhere = tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    before = contents(tmp_path)
    with pytest.raises(RunError, match=f"{name}: it is a link"):
        run(tiny, tmp_path / "r", steps=4, resume=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["lock", "metrics.jsonl", "curves.png", "statistics.safetensors"])
def test_a_pipe_is_refused_and_not_waited_for(tiny: Spec, tmp_path: Path, name: str) -> None:
    run(tiny, tmp_path / "r", steps=2)
    (tmp_path / "r" / name).unlink()
    os.mkfifo(tmp_path / "r" / name)
    with pytest.raises(RunError, match=f"{name}: it is not a plain file"):
        run(tiny, tmp_path / "r", steps=4, resume=True)


def test_prepared_names_beside_are_not_written_through(tiny: Spec, tmp_path: Path, letter: Path) -> None:
    """The names under which content was written beside, before they were drawn at random."""
    run(tiny, tmp_path / "r", steps=2)
    for name in ("metrics.jsonl", "spec.yaml", "curves.png", "kernels.png", "statistics.safetensors"):
        (tmp_path / "r" / f".{name}.writing").symlink_to(letter)
    run(tiny, tmp_path / "r", steps=4, resume=True)
    assert letter.read_text() == "dear friend"


def test_checkpoints_of_another_run_are_not_touched(tiny: Spec, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(tiny, tmp_path / name, steps=4, checkpoint_every=1)
    before = contents(tmp_path / "a")
    shutil.rmtree(tmp_path / "b" / "checkpoints")
    (tmp_path / "b" / "checkpoints").symlink_to(tmp_path / "a" / "checkpoints")
    with pytest.raises(RunError, match=f"is a link \\(to {tmp_path}/a/checkpoints\\)"):
        run(tiny, tmp_path / "b", steps=8, resume=True)
    assert contents(tmp_path / "a") == before


def test_a_copy_of_a_checkpoint_is_taken_for_none(tiny: Spec, tmp_path: Path) -> None:
    run(tiny, tmp_path / "r", steps=4)
    saved = tmp_path / "r" / "checkpoints"
    for step in (6, 900):
        shutil.copytree(saved / "step-00000004", saved / f"step-{step:08d}")
    assert checkpoint.problem(saved / "step-00000006") == "it is a copy of step-00000004"
    assert checkpoint.newest(saved) == saved / "step-00000004"
    run(tiny, tmp_path / "r", steps=6, resume=True)
    run(tiny, tmp_path / "whole", steps=6)
    found, expected = (
        checkpoint.read(tmp_path / d / "checkpoints" / "step-00000006").weights for d in ("r", "whole")
    )
    assert_equal(found, expected)


@pytest.mark.parametrize("what", ["all", "content"])
def test_a_run_whose_checkpoints_are_gone_is_not_begun_anew(tiny: Spec, tmp_path: Path, what: str) -> None:
    run(tiny, tmp_path / "r", steps=12)
    shutil.rmtree(tmp_path / "r" / "checkpoints")
    if what == "content":
        (tmp_path / "r" / "checkpoints").mkdir()
    before = (tmp_path / "r" / "metrics.jsonl").read_bytes()
    with pytest.raises(RunError, match="has no checkpoints any more"):
        run(tiny, tmp_path / "r", steps=16, resume=True)
    assert (tmp_path / "r" / "metrics.jsonl").read_bytes() == before


def at_step(monkeypatch: pytest.MonkeyPatch, step: int, act: Callable[[], None]) -> None:
    """Something happens while that step is trained."""
    record = Trainer._record

    def recording(self: Trainer, *arguments: Any) -> None:
        if self.step == step:
            act()
        record(self, *arguments)

    monkeypatch.setattr(Trainer, "_record", recording)


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_a_run_directory_that_goes_away_is_not_made_again(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    place = tmp_path / "r"

    def once() -> None:
        if place.exists() and how == "moved":
            place.rename(tmp_path / "moved")
        elif place.exists():
            shutil.rmtree(place)

    at_step(monkeypatch, 3, once)
    with pytest.raises(RunError, match="was moved or removed while it was trained"):
        run(tiny, place, steps=8, checkpoint_every=2)
    assert not place.exists()
    if how == "moved":
        assert checkpoint.newest(tmp_path / "moved" / "checkpoints") is not None


def test_the_request_of_a_batch_system_saves_and_the_run_goes_on(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def send() -> None:
        if not sent:
            sent.append(1)
            os.kill(os.getpid(), signal.SIGUSR1)

    at_step(monkeypatch, 5, send)
    kept: list[int] = []
    write = checkpoint.write_in

    def writing(folder: Folder, made: Checkpoint) -> Path:
        kept.append(made.step)
        return write(folder, made)

    monkeypatch.setattr(checkpoint, "write_in", writing)
    assert run(tiny, tmp_path / "r", steps=12, checkpoint_every=None).step == 12
    assert 5 in kept
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL


def test_a_signal_that_the_caller_ignores_stays_ignored(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGUSR1)}

    def send() -> None:
        for number in before:
            os.kill(os.getpid(), number)

    try:
        at_step(monkeypatch, 3, send)
        assert run(tiny, tmp_path / "r", steps=8).step == 8
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def change_state(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Edit the newest checkpoint's state, its manifest made to fit."""
    path = sorted((folder / "checkpoints").iterdir())[-1]
    state = json.loads((path / "state.json").read_bytes())
    (path / "state.json").write_text(json.dumps(change(state) or state))
    manifest = verified_json((path / "manifest.json").read_bytes())
    size, sha256 = reading.digest(path / "state.json")
    manifest["files"]["state.json"] = {"bytes": size, "sha256": sha256}
    (path / "manifest.json").write_bytes(checksummed_json(manifest))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(seed="x"),
        lambda s: s.update(seed=1.5),
        lambda s: s.update(precision="float8"),
        lambda s: s.update(precision=3),
        lambda s: s.update(data=7),
        lambda s: s.update(data="nobody"),
        lambda s: s.update(classes="abc"),
        lambda s: s.update(classes=[1, 2]),
        lambda s: s.update(micro_batch=-1),
        lambda s: s.update(micro_batch="many"),
        lambda s: s.update(step=10**30),
        lambda s: s.update(evaluations={}),
        lambda s: s.update(evaluation=[1]),
        lambda s: s.update(train_images=-5),
        lambda s: s.update(statistics=5),
        lambda s: s.update(normalize={"kind": "nobody"}),
        lambda s: s.update(stop="soon"),
        lambda s: [s],
    ],
)
def test_an_edited_state_is_one_error(tiny: Spec, tmp_path: Path, cli: Cli, change: Any) -> None:
    run(tiny, tmp_path / "r", steps=2)
    change_state(tmp_path / "r", change)
    (tmp_path / "tiny.yaml").write_text(TINY)
    for command in (
        ("evaluate", tmp_path / "r"),
        ("train", tmp_path / "tiny.yaml", "--run-dir", tmp_path / "r", "--steps", "4", "--resume"),
        ("runs", tmp_path / "r"),
    ):
        done = cli(*command)
        assert "internal error" not in done.err, done.err
        assert "Traceback" not in done.err
        assert done.code in (0, 1, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(tiny: Spec, tmp_path: Path, value: float) -> None:
    run(tiny, tmp_path / "r", steps=2)
    path = tmp_path / "r" / "checkpoints" / "step-00000002"
    saved = checkpoint.read(path)
    name = next(iter(saved.weights))
    shutil.rmtree(path)
    spoilt = np.array(saved.weights[name])
    spoilt.flat[0] = value
    weights = {**saved.weights, name: spoilt}
    checkpoint.write(tmp_path / "r" / "checkpoints", Checkpoint(weights, saved.slots, saved.progress))
    with pytest.raises(RunError, match="values that are not finite numbers"):
        run(tiny, tmp_path / "r", steps=4, resume=True)


def test_weights_of_another_network_are_refused_before_anything_is_made(tiny: Spec, tmp_path: Path) -> None:
    run(tiny, tmp_path / "r", steps=2)
    path = tmp_path / "r" / "checkpoints" / "step-00000002"
    saved = checkpoint.read(path)
    shutil.rmtree(path)
    weights = {name: np.zeros((2, *v.shape), v.dtype) for name, v in saved.weights.items()}
    checkpoint.write(tmp_path / "r" / "checkpoints", Checkpoint(weights, saved.slots, saved.progress))
    with pytest.raises(UsageError, match="does not fit the network"):
        run(tiny, tmp_path / "r", steps=4, resume=True)


@pytest.mark.parametrize(
    "line",
    [
        '{"step": 1, "epoch": 1, "loss": 1' + "0" * 400 + ', "learning_rate": 1, "images_per_second": 1}',
        '{"step": 1, "epoch": 1, "loss": Infinity, "learning_rate": 1, "images_per_second": 1}\n'
        '{"step": 1, "epoch": 1, "loss": -Infinity, "learning_rate": 1, "images_per_second": 1}',
        '{"step": 1, "epoch": 1, "loss": 1.7e308, "learning_rate": 1.7e308, "images_per_second": 1}\n' * 3,
        '{"step": 1, "epoch": 1' + "0" * 30 + "}",
        '{"step": 1, "epoch": 1, "evaluation": {"loss": 1e999, "top1_error": NaN, "top5_error": -1e300}}',
        "[" * 10**5,
        '{"step": 1, "epoch": "x", "loss": "y"}',
        "\x00" * 100,
    ],
)
def test_a_line_of_the_metrics_stops_nothing(tiny: Spec, tmp_path: Path, cli: Cli, line: str) -> None:
    run(tiny, tmp_path / "r", steps=2)
    path = tmp_path / "r" / "metrics.jsonl"
    path.write_text(line + "\n" + path.read_text())
    assert run(tiny, tmp_path / "r", steps=4, resume=True, progress=Progress(quiet=True)).step == 4
    for command in ("runs",), ("runs", "--json"), ("curves", "-o", tmp_path / "x.png"):
        done = cli(*command, tmp_path / "r")
        assert done.code in (0, 1, 2)
        assert "internal error" not in done.err
        assert "NaN" not in done.out
        assert "Infinity" not in done.out


def test_an_empty_name_is_no_run_directory(tiny: Spec) -> None:
    with pytest.raises(UsageError, match="name of the run directory is empty"):
        RunDirectory.of(tiny, "")
