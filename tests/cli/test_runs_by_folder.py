"""Runs that are numbered, go on by their folder alone, and are drawn by the folder they lie in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from specnet.runs import numbering
from specnet.runs.run_directory import RunDirectory
from specnet.runs.stored_spec import StoredSpec
from specnet.training.callbacks.pictures import draw_curves

Cli = Callable[..., Any]

SPEC = """\
specnet: 1
name: plain
data: {kind: synthetic, shape: [1, 4, 4], train_images: 12, test_images: 4}
layers:
  image: {kind: input, shape: [1, 4, 4]}
  out: {kind: dense, from: image, units: 3}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 1e-4}
  batch_size: 4
  epochs: 2
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a spec of three steps an epoch in it."""
    (tmp_path / "plain.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def step(done: Any) -> int:
    assert done.code == 0, done.err
    found: int = json.loads(done.out)["step"]
    return found


@pytest.mark.parametrize(("length", "stop"), [((), 6), (("--steps", 4), 4), (("--epochs", 3), 9)])
def test_a_run_goes_on_to_where_it_was_going(
    cli: Cli, here: Path, length: tuple[Any, ...], stop: int
) -> None:
    for name in ("whole", "r"):
        seeded = ("--seed", 3, "--checkpoint-every", 1, "--set", "training.optimizer.momentum=0.5")
        assert step(cli("train", "plain.yaml", "--run-dir", name, "--json", *seeded, *length)) == stop
    for path in sorted((here / "r" / "checkpoints").iterdir())[1:]:
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    assert step(cli("train", "--resume", "--run-dir", "r", "--json")) == stop
    whole, parts = (RunDirectory(here / name) for name in ("whole", "r"))
    assert (here / "whole" / "spec.yaml").read_bytes() == (here / "r" / "spec.yaml").read_bytes()
    ours, theirs = (run.newest().weights["out.gpu0.weight"] for run in (parts, whole))
    assert (ours == theirs).all()
    assert step(cli("train", "--resume", "--run-dir", "r", "--json", "--epochs", 4)) == 12
    assert step(cli("train", "--resume", "--run-dir", "r", "--json")) == 12


def test_it_goes_on_on_its_own_backend_and_with_changes(cli: Cli, here: Path) -> None:
    first = cli("train", "plain.yaml", "--run-dir", "r", "--backend", "tensorflow", "--steps", 1, "--json")
    assert step(first) == 1
    refused = cli("train", "--resume", "--run-dir", "r", "--set", "training.optimizer.learning_rate=0.001")
    assert (refused.code, "--allow-changes goes on with the new recipe" in refused.err) == (2, True)
    change = ("--set", "training.optimizer.learning_rate=0.001", "--allow-changes", "--epochs", 1)
    assert step(cli("train", "--resume", "--run-dir", "r", "--json", *change)) == 3
    kept = RunDirectory(here / "r").stored_spec()
    assert kept.options["backend"] == "tensorflow"
    assert kept.history[0] == "1: training.optimizer.learning_rate: 0.0001 -> 0.001"
    assert step(cli("train", "--resume", "--run-dir", "r", "--json", "--set", "training.epochs=2")) == 6


def test_a_run_that_recorded_nothing_goes_on_to_what_its_checkpoint_says(cli: Cli, here: Path) -> None:
    assert step(cli("train", "plain.yaml", "--run-dir", "r", "--steps", 5, "--json")) == 5
    kept = RunDirectory(here / "r").stored_spec()
    (here / "r" / "spec.yaml").write_bytes(StoredSpec(kept.spec).as_bytes())
    assert step(cli("train", "--resume", "--run-dir", "r", "--json")) == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no spec is named\n  hint: specnet train SPEC; or --resume --run-dir DIR"),
        (["--run-dir", "r"], "no spec is named"),
        (["--resume"], "neither a spec nor the run to go on with is named"),
        (["--resume", "--run-dir", "auto"], "neither a spec nor the run"),
        (["--resume", "--run-dir", "nowhere"], "nowhere holds no run"),
        (["plain.yaml", "--resume", "--run-dir", "auto"], "--run-dir auto begins a new run"),
        (["plain.yaml", "--resume", "--dry-run", "--run-dir", "auto"], "--run-dir auto begins a new run"),
        (["plain.yaml", "plain.yaml", "--resume", "--run-dir", "auto"], "--run-dir auto begins new runs"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_is_missing_is_named(cli: Cli, arguments: list[str], words: str) -> None:
    done = cli("train", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_runs_are_numbered(cli: Cli, here: Path) -> None:
    (here / "runs" / "plain-7").mkdir(parents=True)
    (here / "runs" / "plain-x").mkdir()
    dry = json.loads(cli("train", "plain.yaml", "--run-dir", "auto", "--dry-run", "--json").out)
    assert (dry["run_dir"], (here / "runs" / "plain-8").exists()) == ("runs/plain-8", False)
    for number in (8, 9):
        done = cli("train", "plain.yaml", "--run-dir", "auto", "--steps", 1, "--json")
        assert json.loads(done.out)["run_dir"] == f"runs/plain-{number}"
        assert f"the run is runs/plain-{number}" in done.err
    # One that cannot begin leaves no folder, and its number is free again.
    failed = cli("train", "plain.yaml", "--run-dir", "auto", "--data", "image_folder:nowhere")
    assert (failed.code, (here / "runs" / "plain-10").exists()) == (2, False)
    assert numbering.next_folder(here / "runs" / "plain").name == "plain-10"


def test_an_ablation_has_one_number(cli: Cli, here: Path) -> None:
    (here / "other.yaml").write_text(SPEC.replace("name: plain", "name: other"))
    for number in (1, 2):
        done = cli("train", "plain.yaml", "other.yaml", "--run-dir", "auto", "--steps", 1, "--json")
        found = [entry["run_dir"] for entry in json.loads(done.out)["runs"]]
        assert found == [f"runs/ablation-{number}/{name}" for name in ("plain", "other")]


def test_finished_runs_whose_specs_name_no_data_are_passed_over(cli: Cli, here: Path) -> None:
    (here / "plain.yaml").write_text(SPEC.replace("data: {", "# {"))
    (here / "other.yaml").write_text(SPEC.replace("data: {", "# {").replace("name: plain", "name: other"))
    arguments = ("train", "plain.yaml", "other.yaml", "--data", "synthetic", "--steps", 1)
    assert cli(*arguments, "--run-dir", "all").code == 0
    again = cli(*arguments, "--run-dir", "all", "--resume")
    assert (again.code, again.err.count("finished already")) == (0, 2)


def made(base: Path) -> Path:
    folder, _ = numbering.make_next(base)
    folder.close()
    return folder.path


def test_folders_made_at_once_are_not_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: made(tmp_path / "a" / "run"), range(200)))
    assert {path.name for path in found} == {f"run-{number}" for number in range(1, 201)}


def test_trainers_that_start_at_once_have_runs_of_their_own(here: Path) -> None:
    command = [sys.executable, "-m", "specnet", "train", "plain.yaml", "--run-dir", "auto", "--steps", "1"]
    started = [subprocess.Popen(command, cwd=here, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(120) for process in started] == [0, 0]
    assert sorted(path.name for path in (here / "runs").iterdir()) == ["plain-1", "plain-2"]


def test_curves_of_all_runs_below_a_folder(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("all/a", "all/inner/b", "c"):
        assert cli("train", "plain.yaml", "--run-dir", name, "--steps", 2).code == 0
    (here / "all" / "empty" / "checkpoints").mkdir(parents=True)
    (here / "all" / "empty" / "spec.yaml").write_text(SPEC)
    drawn: list[tuple[list[str], str]] = []

    def draw(runs: Any, title: str) -> bytes:
        drawn.append(([*runs], title))
        return draw_curves(runs, title)

    monkeypatch.setattr("specnet.training.callbacks.pictures.draw_curves", draw)
    done = cli("curves", "all", "c", "-o", "x.png")
    assert (done.code, done.out) == (0, "x.png\n")
    assert "note: all/empty holds no metrics yet" in done.err
    assert cli("curves", "all/a", "all/a").code == 0
    assert drawn == [(["all/a", "all/inner/b", "c"], "3 runs"), (["all/a"], "all/a")]
    assert (here / "x.png").read_bytes().startswith(b"\x89PNG")
    for path, words in (("all/empty", "all/empty holds no metrics"), ("nowhere", "nowhere does not exist")):
        failed = cli("curves", path)
        assert (failed.code, words in failed.err) == (2, True)
    (here / "none").mkdir()
    assert "none holds no run with metrics" in cli("curves", "none").err
