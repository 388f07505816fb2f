"""Lists of runs: where they are found, how far they are, and what state they are in."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import UsageError
from specnet.runs import listing
from specnet.runs.listing import Run
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import load
from specnet.storage.checksum import checksummed_json
from specnet.syntax import document
from support.training_runs import TINY, run

SPEC = "specnet: 1\nname: small\ntraining: {epochs: 5}\n"
RECIPE: dict[str, Any] = dict.fromkeys(
    ("optimizer", "learning_rate", "momentum", "weight_decay", "clip_norm")
)
RECIPE |= {"schedule": None, "batch_size": None, "normalize": None, "augment": []}
TOLD = {"loss": 0.5, "top1_error": 0.25, "top5_error": 0.0}


def step(number: int, epoch: int) -> str:
    return json.dumps({"step": number, "epoch": epoch, "loss": 1.0}) + "\n"


def made(folder: Path, *, steps: int = 10, saved: int | None = 10, stop: int = 50) -> Path:
    """A run of 10 steps an epoch, as a trainer leaves it."""
    folder.mkdir(parents=True)
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "lock").touch()
    lines = ""
    for number in range(1, steps + 1):
        lines += step(number, -(-number // 10))
        if number % 10 == 0:
            evaluation = {"step": number, "epoch": number // 10, "evaluation": TOLD}
            lines += json.dumps(evaluation) + "\n"
    (folder / "metrics.jsonl").write_text(lines)
    if saved is not None:
        kept = folder / "checkpoints" / f"step-{saved:08d}"
        kept.mkdir(parents=True)
        counts = {"stop": stop, "steps_per_epoch": 10, "train_images": 95}
        state = json.dumps({"step": saved, "evaluations": [], "seed": 5, **counts}).encode()
        files = {"state.json": state, "weights.safetensors": b"w", "optimizer.safetensors": b""}
        for name, content in files.items():
            (kept / name).write_bytes(content)
        sums = {
            name: {"bytes": len(content), "sha256": sha256(content).hexdigest()}
            for name, content in files.items()
        }
        (kept / "manifest.json").write_bytes(checksummed_json({"schema_version": 2, "files": sums}))
    return folder


def test_how_far_a_run_is(tmp_path: Path) -> None:
    found = listing.look(made(tmp_path / "r", steps=12))
    assert found.spec_hash is not None
    expected = Run(str(tmp_path / "r"), "stopped", "small", found.spec_hash, 12, 50, 2, 5, 10, 95, TOLD, None)
    assert found == replace(expected, recipe=RECIPE, seed=5)


TRAINED = """\
specnet: 1
name: small
training:
  optimizer: {kind: sgd, learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-4}
  schedule: {kind: plateau, factor: 0.5, times: 2, patience: 1}
  normalize: {kind: mean_image, scale: 0.01}
  augment: [{kind: random_crop, size: 8}, {kind: horizontal_flip}]
  batch_size: 200
  epochs: 5
"""


def test_backend_seed_and_recipe(tmp_path: Path, cli: Callable[..., Any]) -> None:
    folder = made(tmp_path / "r")
    (folder / "spec.yaml").write_text(f'{TRAINED}# trained with {{"backend": "tensorflow", "seed": 7}}\n')
    made(tmp_path / "s")
    (entry, older) = json.loads(cli("runs", tmp_path, "--json").out)["runs"]
    assert (entry["backend"], entry["seed"]) == ("tensorflow", 7)
    assert entry["recipe"] == {
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "clip_norm": None,
        "schedule": "plateau",
        "batch_size": 200,
        "normalize": "mean_image",
        "augment": ["random_crop", "horizontal_flip"],
    }
    assert (older["backend"], older["seed"]) == (None, 5)
    head, _, line, *_ = cli("runs", tmp_path).out.splitlines()
    assert head.split()[-3:] == ["backend", "seed", "recipe"]
    recipe = "sgd 0.05, momentum 0.9, decay 0.0001, plateau, batch 200"
    assert line.endswith(f"tensorflow     7  {recipe}")


@pytest.mark.parametrize("line", ["[1]", "{", '{"seed": "a", "backend": 1}'])
def test_options_that_are_none_tell_nothing(tmp_path: Path, line: str) -> None:
    folder = made(tmp_path / "r")
    (folder / "spec.yaml").write_text(f"{SPEC}# trained with {line}\n")
    found = listing.look(folder)
    assert (found.state, found.backend, found.seed) == ("stopped", None, 5)


@pytest.mark.parametrize("training", ["[]", "{optimizer: 1, augment: {a: 1}}", "{augment: [1]}"])
def test_a_recipe_that_is_none_is_no_error(tmp_path: Path, training: str, cli: Callable[..., Any]) -> None:
    folder = made(tmp_path / "r")
    (folder / "spec.yaml").write_text(f"specnet: 1\nname: small\ntraining: {training}\n")
    assert cli("runs", tmp_path).code == 0


def damage_checkpoint(folder: Path) -> None:
    (folder / "checkpoints" / "step-00000010" / "state.json").write_text("{")


def lengthen_checkpoint(folder: Path) -> None:
    with (folder / "checkpoints" / "step-00000010" / "state.json").open("a") as file:
        file.write(" ")


def damage_spec(folder: Path) -> None:
    (folder / "spec.yaml").write_text("name: [")


@pytest.mark.parametrize(
    ("stop", "change", "state"),
    [
        (50, None, "stopped"),
        (10, None, "finished"),
        (10, damage_checkpoint, "damaged"),
        (10, lengthen_checkpoint, "damaged"),
        (10, damage_spec, "damaged"),
    ],
)
def test_the_state_of_a_run(
    tmp_path: Path, stop: int, change: Callable[[Path], None] | None, state: str
) -> None:
    folder = made(tmp_path / "r", stop=stop)
    if change:
        change(folder)
    found = listing.look(folder)
    assert (found.state, bool(found.problem)) == (state, state == "damaged")


def test_a_listing_takes_the_checkpoint_that_a_resumed_run_takes(tiny_run: Path) -> None:
    """The newest is changed in place, of the same size, and its manifest says nothing about that."""
    newer, older = (tiny_run / "checkpoints" / f"step-{step:08d}" for step in (4, 2))
    assert listing.look(tiny_run).stop == 4
    state = (newer / "state.json").read_text()
    (newer / "state.json").write_text(state.replace('"stop": 4', '"stop": 9'))
    resumed = RunDirectory(tiny_run, lambda _: None).newest()
    assert (resumed.step, listing.look(tiny_run).stop) == (2, resumed.progress.stop)
    (older / "manifest.json").unlink()
    found = listing.look(tiny_run)
    assert (found.state, found.problem) == ("damaged", "no checkpoint is intact")


@pytest.fixture
def tiny_run(tmp_path: Path) -> Path:
    """A run with checkpoints after steps 2 and 4, of which the second knows that 4 were asked for."""
    spec = load(document.parse(TINY))
    run(spec, tmp_path / "r", steps=2)
    run(spec, tmp_path / "r", steps=4, resume=True)
    return tmp_path / "r"


def test_a_run_whose_lock_is_held_is_running(tmp_path: Path) -> None:
    folder = made(tmp_path / "r", stop=10)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert listing.look(folder).state == "running"
    assert listing.look(folder).state == "finished"
    # Looking leaves the lock free.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_loss_that_was_not_finite_is_told(tmp_path: Path) -> None:
    folder = made(tmp_path / "r")
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 11, "epoch": 2, "stopped": "nan", "samples": ["7"]}) + "\n")
    assert listing.look(folder).problem == "the loss was nan at step 11"


def test_the_last_evaluation_is_found_however_far_back(tmp_path: Path) -> None:
    folder = made(tmp_path / "r")
    with (folder / "metrics.jsonl").open("a") as file:
        file.writelines(step(number, 2) for number in range(11, 5000))
        file.write('{"step": 5000, "ep')
    found = listing.look(folder)
    assert (found.step, found.evaluation) == (4999, TOLD)


def test_the_hash_is_of_the_meaning(tmp_path: Path) -> None:
    hashes = []
    for index, text in enumerate(
        (SPEC, "# x\ntraining:\n  epochs: 5\nname: small\nspecnet: 1\n", SPEC.replace("5", "6"))
    ):
        folder = made(tmp_path / str(index))
        (folder / "spec.yaml").write_text(text)
        hashes.append(listing.look(folder).spec_hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_runs_are_found_in_folders(tmp_path: Path) -> None:
    wanted = [made(tmp_path / "a"), made(tmp_path / "b" / "inner"), made(tmp_path / "c", saved=None)]
    (tmp_path / "d" / "spec.yaml").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    made(tmp_path / ".hidden" / "e")
    assert list(listing.find([tmp_path])) == wanted
    assert list(listing.find([wanted[1]])) == [wanted[1]]
    with pytest.raises(UsageError, match="does not exist"):
        list(listing.find([tmp_path / "nowhere"]))


@pytest.mark.parametrize("text", ["", "[]\n", "{}\n", '{"step": []}\n', "\x00" * 70000, "1\n" * 5])
def test_metrics_that_are_no_metrics_tell_nothing(tmp_path: Path, text: str) -> None:
    folder = made(tmp_path / "r", saved=None)
    (folder / "metrics.jsonl").write_text(text)
    found = listing.look(folder)
    assert (found.state, found.step, found.evaluation) == ("stopped", 0, None)


@pytest.mark.parametrize("value", [None, "x", [], {"files": 7}, {"files": {"state.json": {"bytes": "1"}}}])
def test_a_manifest_that_is_none_makes_a_damaged_run(tmp_path: Path, value: Any) -> None:
    folder = made(tmp_path / "r")
    (folder / "checkpoints" / "step-00000010" / "manifest.json").write_text(json.dumps(value))
    assert listing.look(folder).state == "damaged"
