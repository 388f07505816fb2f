"""What a run records is what it was trained with: in its spec, its options and the history of both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.convert.weights import export_weights, import_weights
from specnet.diagnostics.errors import RunError
from specnet.network.network import analyse
from specnet.plans import initial_values, plan
from specnet.recipe.optimizers import SGD
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.runs.stored_spec import StoredSpec
from specnet.spec.spec import Spec, load
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.training.load import evaluate_run
from support.training_runs import SMALL, dry, run

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]

PLAIN = """\
specnet: 1
name: plain
groups: [a, b]
data: {kind: synthetic, shape: [1, 4, 4], train_images: 12, test_images: 4}
layers:
  image: {kind: input, shape: [1, 4, 4]}
  conv: {kind: conv, from: image, filters: 4, kernel: 3}
  out: {kind: dense, from: conv, cross_group: true, group: a, units: 3}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 1e-4}
  weights: {kind: normal, std: 1e9}
  batch_size: 4
  epochs: 2
"""


def plain(*changes: tuple[str, str]) -> Spec:
    text = PLAIN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return load(document.parse(text))


SMALLER = ("weights: {kind: normal, std: 1e9}", "weights: {kind: normal, std: 0.01}")
CONSTANT = ("weights: {kind: normal, std: 1e9}", "weights: {kind: constant, value: 0.25}")


def kept(directory: Path) -> StoredSpec:
    return RunDirectory(directory).stored_spec()


def losses(directory: Path) -> list[float]:
    lines = map(json.loads, (directory / "metrics.jsonl").read_text().splitlines())
    found = [line["loss"] for line in lines if "loss" in line]
    assert found
    return found


def without_checkpoints(spec: Spec, directory: Path, **options: Any) -> None:
    """A run that was killed after its first step, before anything was saved."""
    run(spec, directory, steps=1, **options)
    unsave(directory)


def unsave(directory: Path) -> None:
    for path in (directory / "checkpoints").iterdir():
        shutil.rmtree(path)


def weights(directory: Path) -> dict[str, Any]:
    return RunDirectory(directory).newest().weights


def test_before_the_first_checkpoint_the_new_initial_values_are_drawn(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the loss is nan"):
        run(plain(("learning_rate: 1e-4", "learning_rate: 1e9")), tmp_path / "r", precision="float32")
    run(plain(SMALLER), tmp_path / "new")
    gentle = plain(SMALLER)
    run(gentle, tmp_path / "r", resume=True, allow_changes=True, precision="float64")
    assert losses(tmp_path / "r") == losses(tmp_path / "new")
    assert kept(tmp_path / "r").spec.as_yaml() == gentle.as_yaml()
    # A resumed run draws the recorded values in the recorded names.
    recorded = plan.make(analyse(kept(tmp_path / "r").spec))
    drawn = initial_values.initial_state(recorded, 0, "float64")
    assert np.abs(weights(tmp_path / "r")["conv.b.weight"] - drawn["conv.b.weight"]).max() < 0.01


def test_initial_values_may_change_more_than_once_before_the_first_checkpoint(tmp_path: Path) -> None:
    without_checkpoints(plain(), tmp_path / "r")
    run(plain(CONSTANT), tmp_path / "r", resume=True, allow_changes=True, steps=1)
    unsave(tmp_path / "r")
    run(plain(SMALLER), tmp_path / "r", resume=True, allow_changes=True)
    run(plain(SMALLER), tmp_path / "new")
    assert losses(tmp_path / "r") == losses(tmp_path / "new")
    told = [line for line in kept(tmp_path / "r").history if "weights" in line]
    large, constant = "{kind: normal, std: 1000000000}", "{kind: constant, value: 0.25}"
    assert told == [
        f"0: training.weights: {large} -> {constant}",
        f"0: training.weights: {constant} -> {{kind: normal, std: 0.01}}",
    ]


@pytest.mark.parametrize("change", [SMALLER, CONSTANT])
def test_initial_values_cannot_change_once_there_is_a_checkpoint(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    run(plain(), tmp_path / "r", steps=1)
    before = (tmp_path / "r" / "spec.yaml").read_bytes()
    with pytest.raises(RunError, match=r"training\.weights.*has no effect any more"):
        run(plain(change), tmp_path / "r", resume=True, allow_changes=True)
    both = plain(change, ("learning_rate: 1e-4", "learning_rate: 1e-5"))
    with pytest.raises(RunError, match=r"training\.weights.*has no effect any more"):
        run(both, tmp_path / "r", resume=True, allow_changes=True)
    assert (tmp_path / "r" / "spec.yaml").read_bytes() == before


def test_imported_weights_leave_nothing_to_draw(tmp_path: Path) -> None:
    run(plain(SMALLER), tmp_path / "r", steps=1)
    export_weights(tmp_path / "r", tmp_path / "w.safetensors")
    import_weights(plain(), tmp_path / "w.safetensors", tmp_path / "i")
    with pytest.raises(RunError, match="has no effect any more"):
        run(plain(CONSTANT), tmp_path / "i", resume=True, allow_changes=True)
    run(plain(), tmp_path / "i", resume=True, data="synthetic", steps=1)
    assert kept(tmp_path / "i").options["steps"] == 1


@pytest.mark.parametrize(
    "change",
    [
        ("kernel: 3}", "kernel: 3, bias: 1}"),
        ("kernel: 3}", "kernel: 3, weights: {kind: constant, value: 0}}"),
        ("units: 3}", "units: 3, bias: none}"),
    ],
)
@pytest.mark.parametrize("saved", [True, False])
def test_a_layers_own_initial_values_never_change_within_a_run(
    tmp_path: Path, change: tuple[str, str], saved: bool
) -> None:
    run(plain(), tmp_path / "r", steps=1) if saved else without_checkpoints(plain(), tmp_path / "r")
    before = (tmp_path / "r" / "spec.yaml").read_bytes()
    with pytest.raises(RunError, match=r"layers\.(conv|out)"):
        run(plain(change), tmp_path / "r", resume=True, allow_changes=True)
    assert (tmp_path / "r" / "spec.yaml").read_bytes() == before


def test_before_the_first_checkpoint_a_run_keeps_its_seed(tmp_path: Path) -> None:
    run(plain(SMALLER), tmp_path / "whole", seed=7)
    without_checkpoints(plain(SMALLER), tmp_path / "r", seed=7)
    run(plain(SMALLER), tmp_path / "r", resume=True)
    assert losses(tmp_path / "r") == losses(tmp_path / "whole")
    assert RunDirectory(tmp_path / "r").newest().progress.seed == 7


def test_another_seed_before_the_first_checkpoint_is_a_change_to_allow(tmp_path: Path) -> None:
    run(plain(SMALLER), tmp_path / "whole", seed=8)
    without_checkpoints(plain(SMALLER), tmp_path / "r", seed=7)
    with pytest.raises(RunError, match=r"--seed 7, not 8\n.*--allow-changes: nothing is trained yet"):
        run(plain(SMALLER), tmp_path / "r", resume=True, seed=8)
    with pytest.raises(RunError, match="--precision float64, not float32"):
        run(plain(SMALLER), tmp_path / "r", resume=True, precision="float32")
    run(plain(SMALLER), tmp_path / "r", resume=True, seed=8, allow_changes=True)
    assert losses(tmp_path / "r") == losses(tmp_path / "whole")
    assert kept(tmp_path / "r").options["seed"] == 8
    assert "0: --seed: 7 -> 8" in kept(tmp_path / "r").history
    with pytest.raises(RunError, match="--seed 8, not 7"):
        run(plain(SMALLER), tmp_path / "r", resume=True, seed=7, allow_changes=True)


def test_a_normalization_that_comes_later_uses_measured_images(tmp_path: Path) -> None:
    """The reference is a run that had measured them from the start, brought to the same weights."""
    later = ("batch_size: 4", "normalize: {kind: mean_image}\n  batch_size: 4")
    run(plain(SMALLER), tmp_path / "r", steps=1)
    run(plain(SMALLER), tmp_path / "plain", steps=3)
    run(plain(SMALLER, later), tmp_path / "whole", steps=1)
    started, whole = RunDirectory(tmp_path / "r").newest(), RunDirectory(tmp_path / "whole").newest()
    shutil.rmtree(tmp_path / "whole" / "checkpoints")
    made = Checkpoint(started.weights, started.slots, whole.progress)
    checkpoint.write(tmp_path / "whole" / "checkpoints", made)
    for name in ("r", "whole"):
        run(plain(SMALLER, later), tmp_path / name, resume=True, allow_changes=True, steps=3)
    assert losses(tmp_path / "r")[1:] == losses(tmp_path / "whole")[1:] != losses(tmp_path / "plain")[1:]
    mean, normalized = (RunDirectory(tmp_path / n).newest().progress.statistics for n in ("r", "whole"))
    assert mean == normalized


def test_a_change_that_was_cut_short_can_be_made_again(tmp_path: Path) -> None:
    """The statistics are measured and kept, and nothing is saved after that."""
    later = plain(SMALLER, ("batch_size: 4", "augment: [{kind: pca_color, std: 9}]\n  batch_size: 4"))
    run(plain(SMALLER), tmp_path / "r", steps=1)
    shutil.copytree(tmp_path / "r", tmp_path / "whole")
    run(later, tmp_path / "whole", resume=True, allow_changes=True, steps=3)
    run(later, tmp_path / "r", resume=True, allow_changes=True, steps=2)
    shutil.rmtree(tmp_path / "r" / "checkpoints" / "step-00000002")
    run(later, tmp_path / "r", resume=True, steps=3)
    assert losses(tmp_path / "r") == losses(tmp_path / "whole")


def test_a_checkpoint_is_evaluated_as_it_was_trained(tmp_path: Path) -> None:
    later = ("batch_size: 4", "normalize: {kind: mean_image}\n  batch_size: 4")
    run(plain(SMALLER), tmp_path / "r", steps=3)
    first = evaluate_run(tmp_path / "r", progress=Progress(quiet=True)).evaluation
    run(plain(SMALLER, later), tmp_path / "r", resume=True, allow_changes=True, steps=5)
    shutil.rmtree(tmp_path / "r" / "checkpoints" / "step-00000005")
    assert evaluate_run(tmp_path / "r", progress=Progress(quiet=True)).evaluation == first


@pytest.mark.parametrize("refuses", [dry, run])
def test_a_finished_run_takes_no_changes(tmp_path: Path, refuses: Callable[..., object]) -> None:
    run(plain(SMALLER), tmp_path / "r", steps=2)
    before = (tmp_path / "r" / "spec.yaml").read_bytes()
    slower = plain(SMALLER, ("learning_rate: 1e-4", "learning_rate: 1e-5"))
    with pytest.raises(RunError, match=r"'training\.optimizer\.learning_rate' would have no effect"):
        refuses(slower, tmp_path / "r", resume=True, allow_changes=True, steps=2)
    # Nor is another backend recorded on which nothing is trained.
    run(plain(SMALLER), tmp_path / "r", resume=True, steps=2, devices="a=cpu,b=cpu", data="synthetic:")
    assert (tmp_path / "r" / "spec.yaml").read_bytes() == before


def test_the_history_tells_what_came_and_went(tmp_path: Path) -> None:
    later = plain(SMALLER, ("batch_size: 4", "normalize: {kind: standardize}\n  batch_size: 4"))
    run(plain(SMALLER), tmp_path / "r", steps=1)
    run(later, tmp_path / "r", resume=True, allow_changes=True, steps=2)
    run(plain(SMALLER), tmp_path / "r", resume=True, allow_changes=True, epochs=2, backend="tensorflow")
    assert kept(tmp_path / "r").history == [
        "1: training.normalize: nothing -> {kind: standardize}",
        "1: --steps: 1 -> 2",
        "2: training.normalize: {kind: standardize} -> nothing",
        "2: training.epochs: 1 -> 2",
        "2: --backend: torch -> tensorflow",
        "2: --steps: 2 -> nothing",
    ]


def test_every_option_is_recorded(cli: Cli, tmp_path: Path) -> None:
    """12 images in batches of 4 are 3 steps an epoch."""
    (tmp_path / "plain.yaml").write_text(PLAIN.replace("data: {kind: synthetic, shape", "# {"))
    arguments = ["--set", "training.optimizer.momentum=0.5", "--set", "training.weights.std=0.01"]
    arguments += ["--data", "synthetic", "--seed", "5", "--precision", "float64", "--micro-batch", "2"]
    arguments += ["--devices", "cpu", "--backend", "torch", "--set", "training.batch_size=320"]
    done = cli("train", tmp_path / "plain.yaml", "--run-dir", tmp_path / "r", "--epochs", 3, *arguments)
    assert done.code == 0, done.err
    found = kept(tmp_path / "r")
    assert found.spec.training is not None
    assert found.spec.data is not None
    assert isinstance(found.spec.training.optimizer, SGD)
    assert (found.spec.training.epochs, found.spec.training.optimizer.momentum) == (3, 0.5)
    assert found.spec.data.as_yaml() == {"kind": "synthetic", "train_images": 1280, "test_images": 128}
    assert found.options == {
        "backend": "torch",
        "devices": {"a": "cpu", "b": "cpu"},
        "seed": 5,
        "precision": "float64",
        "data": "synthetic",
        "micro_batch": 2,
    }
    # The spec that names no dataset goes on with the run's, and `--steps` is recorded, too.
    more = ["--set", "training.optimizer.momentum=0.5", "--set", "training.weights.std=0.01"]
    more += ["--set", "training.batch_size=320", "--resume"]
    done = cli("train", tmp_path / "plain.yaml", "--run-dir", tmp_path / "r", "--steps", 14, *more)
    assert done.code == 0, done.err
    found = kept(tmp_path / "r")
    assert found.spec.training is not None
    assert (found.spec.training.epochs, found.options["steps"]) == (4, 14)
    assert found.history == ["12: training.epochs: 3 -> 4", "12: --steps: nothing -> 14"]


def test_the_data_that_is_asked_for_is_recorded_in_place_of_the_specs(tmp_path: Path) -> None:
    own = load(document.parse(SMALL.replace("size: 10}", "size: 8}")))
    run(own, tmp_path / "r", data="synthetic", steps=1)
    data = kept(tmp_path / "r").spec.data
    assert data is not None
    assert data.kind == "synthetic"
    run(own, tmp_path / "r", resume=True, steps=2)
    with pytest.raises(RunError, match="--data synthetic, not digits"):
        run(own, tmp_path / "r", resume=True, steps=3, data="digits")


def test_runs_that_recorded_nothing_go_on(tmp_path: Path) -> None:
    """As they were kept before options were: the spec as it was given, with its own epochs."""
    data = "data: {kind: synthetic, shape: [1, 4, 4], train_images: 12, test_images: 4}\n"
    nameless = plain(SMALLER, (data, ""), ("batch_size: 4", "batch_size: 640"))
    run(nameless, tmp_path / "whole", data="synthetic", seed=3)
    run(nameless, tmp_path / "r", data="synthetic", seed=3, steps=1)
    (tmp_path / "r" / "spec.yaml").write_bytes(StoredSpec(nameless).as_bytes())
    run(nameless, tmp_path / "r", resume=True)
    assert losses(tmp_path / "r") == losses(tmp_path / "whole")
    found = kept(tmp_path / "r")
    assert found.spec.as_yaml() == kept(tmp_path / "whole").spec.as_yaml()
    assert (found.history, found.options["seed"]) == ([], 3)
