"""Weights between runs and specnet's own native models; imported runs are evaluated and trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

import specnet
from specnet.runs.run_directory import RunDirectory
from specnet.terminal.progress import Progress
from specnet.testing.comparing import assert_equal
from support.training_runs import SMALL

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Cli = Callable[..., Any]


@pytest.fixture
def small_run(tmp_path: Path) -> Path:
    """A run of two steps on two groups, with running statistics."""
    (tmp_path / "small.yaml").write_text(SMALL)
    progress = Progress(quiet=True)
    specnet.train(tmp_path / "small.yaml", run_dir=tmp_path / "trained", steps=2, progress=progress)
    return tmp_path / "trained"


def state_of(run: Path) -> dict[str, Any]:
    return dict(RunDirectory(run).newest().weights)


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert list(one) == list(other)
    assert_equal(one, other)


@pytest.mark.parametrize(("suffix", "form"), [(".safetensors", "torch"), (".weights.h5", "keras")])
def test_native_models_take_an_exported_file_and_give_it_back(
    cli: Cli, small_run: Path, tmp_path: Path, suffix: str, form: str
) -> None:
    exported, again, spec = tmp_path / f"out{suffix}", tmp_path / f"again{suffix}", tmp_path / "small.yaml"
    done = cli("weights", "export", small_run, "-o", exported, "--format", form)
    assert (done.code, done.err) == (0, "")
    if form == "torch":
        model = specnet.compile(spec, devices="cpu", seed=5)
        model.load_state_dict(safetensors.torch.load_file(exported))
        safetensors.torch.save_file(model.state_dict(), again)
    else:
        model = specnet.compile(spec, backend="tensorflow", devices="cpu", seed=5)
        model.load_weights(exported)
        model.save_weights(again)
    done = cli("weights", "import", spec, again, "--run-dir", tmp_path / "imported")
    assert (done.code, done.err) == (0, "")
    assert_same(state_of(tmp_path / "imported"), state_of(small_run))


@pytest.mark.parametrize("backend_name", ["torch", "tensorflow"])
def test_an_imported_run_is_evaluated_and_trained_on(
    cli: Cli, small_run: Path, tmp_path: Path, backend_name: str
) -> None:
    spec, run = tmp_path / "small.yaml", tmp_path / "imported"
    assert cli("weights", "export", small_run, "-o", tmp_path / "w.safetensors").code == 0
    assert cli("weights", "import", spec, tmp_path / "w.safetensors", "--run-dir", run).code == 0
    velocities = RunDirectory(run).newest().slots["velocity"]
    assert velocities
    assert not any(v.any() for v in velocities.values())
    chosen = ("--backend", backend_name)
    before, after = (cli("evaluate", r, *chosen, "--json") for r in (small_run, run))
    assert before.code == after.code == 0
    assert json.loads(after.out)["step"] == 0
    # The statistics of the images are measured anew, and are the same.
    assert json.loads(after.out)["evaluation"] == json.loads(before.out)["evaluation"]
    done = cli("train", spec, "--run-dir", run, "--resume", "--steps", 2, *chosen)
    assert (done.code, "going on after step 0" in done.err) == (0, True)
    assert RunDirectory(run).newest().step == 2
