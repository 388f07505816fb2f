"""The folder of a run where a file of weights, or a spec, is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specnet
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.run_directory import RunDirectory
from support.weights_files import SPEC, State, assert_taken, state_of

Cli = Callable[..., Any]


@pytest.fixture
def trained(take: Any, tmp_path: Path) -> Path:
    """A run with two checkpoints of float64; the newer one's weights are twice as large."""
    state = {name: values.astype(np.float64) for name, values in state_of().items()}
    assert take(state).code == 0
    run = RunDirectory(tmp_path / "run")
    first = run.newest()
    later: State = {name: 2 * values for name, values in state.items()}
    checkpoint.write(run.checkpoints, Checkpoint(later, first.slots, replace(first.progress, step=7)))
    return tmp_path / "run"


def test_a_new_run_starts_from_the_weights_of_another(cli: Cli, trained: Path, tmp_path: Path) -> None:
    """Of its newest checkpoint, or of the one that is named; its spec is taken from its folder, too."""
    for place, factor in ((trained, 2), (trained / "checkpoints" / "step-00000000", 1)):
        for spec in (tmp_path / "spec.yaml", trained):
            made = tmp_path / f"made-{factor}-{spec.name}"
            done = cli("weights", "import", spec, place, "--run-dir", made)
            expected = {name: factor * values.astype(np.float64) for name, values in state_of().items()}
            assert_taken(done, made, expected)
            assert RunDirectory(made).newest().progress.precision == "float64"
            assert RunDirectory(made).newest().step == 0


def test_the_order_of_groups_is_that_of_the_run(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(SPEC.replace("[a, b]", "[b, a]"))
    done = cli("weights", "import", tmp_path / "other.yaml", trained, "--run-dir", tmp_path / "made")
    assert done.code == 2
    assert "groups a, b, in this order" in done.err


def test_a_mapping_speaks_of_a_run_as_of_a_file(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(SPEC.replace("  out:", "  top:"))
    (tmp_path / "map.yaml").write_text("weights: 1\ntensors: {out.a: top}\n")
    source = (tmp_path / "other.yaml", trained, "--map", tmp_path / "map.yaml")
    done = cli("weights", "import", *source, "--run-dir", tmp_path / "made")
    expected = {n.replace("out.", "top."): 2 * v.astype(np.float64) for n, v in state_of().items()}
    assert_taken(done, tmp_path / "made", expected)


def test_a_run_is_listed_as_a_file_is(cli: Cli, trained: Path) -> None:
    done = cli("weights", "list", trained, "--json")
    assert done.code == 0
    listed = json.loads(done.out)["tensors"]
    assert {tensor["name"] for tensor in listed} == set(state_of())
    assert {tensor["dtype"] for tensor in listed} == {"float64"}


@pytest.mark.parametrize("change", ["damaged", "no checkpoint", "no run"])
def test_a_folder_without_whole_weights_is_refused(
    cli: Cli, trained: Path, tmp_path: Path, change: str
) -> None:
    newest = trained / "checkpoints" / "step-00000007"
    place = newest
    if change == "damaged":
        (newest / "weights.safetensors").write_bytes(b"")
    elif change == "no checkpoint":
        (trained / "checkpoints").rename(tmp_path / "elsewhere")
        place = trained
    else:
        place = tmp_path / "empty"
        place.mkdir()
    done = cli("weights", "import", tmp_path / "spec.yaml", place, "--run-dir", tmp_path / "made")
    assert done.code == 2
    told = {
        "damaged": "is damaged: weights.safetensors has the wrong size",
        "no checkpoint": "it is a folder, and not of a run with a checkpoint",
        "no run": "it is a folder, and not of a run with a checkpoint",
    }
    assert told[change] in done.err
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("change", ["missing", "flat"])
def test_weights_that_are_not_those_of_the_runs_own_spec_are_refused(
    cli: Cli, trained: Path, tmp_path: Path, change: str
) -> None:
    """A stranger's checkpoint may be intact, and of another network than its run's spec says."""
    run = RunDirectory(trained)
    saved = run.newest()
    weights: State = dict(saved.weights)
    weights["fc.a.weight"] = weights["fc.a.weight"].reshape(-1)
    if change == "missing":
        del weights["fc.a.weight"]
    checkpoint.write(run.checkpoints, Checkpoint(weights, saved.slots, replace(saved.progress, step=8)))
    options = ("--partial", "--run-dir", tmp_path / "made")
    done = cli("weights", "import", tmp_path / "spec.yaml", trained, *options)
    assert done.code == 2
    assert "are not those of its spec: 'fc.a.weight' is missing or has another shape" in done.err
    assert not (tmp_path / "made").exists()


def test_specs_are_compared_by_the_folders_of_their_runs(cli: Cli, trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(SPEC.replace("units: 6", "units: 8"))
    assert cli("diff", trained, tmp_path / "spec.yaml").out == cli("diff", trained, trained).out
    done = cli("diff", trained, other, "--exit-code")
    assert (done.code, done.err) == (1, "")
    assert done.out == cli("diff", trained / "spec.yaml", other).out
    assert "6 -> 8" in done.out
    assert bool(specnet.diff(trained, other))
    assert cli("validate", trained).code == 0


@pytest.mark.parametrize("kind", ["a checkpoint", "specs", "runs", "nothing"])
def test_what_to_give_instead_of_another_folder(cli: Cli, trained: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "specs").mkdir()
    spec = (tmp_path / "spec.yaml").rename(tmp_path / "specs" / "one.yaml")
    (tmp_path / "empty").mkdir()
    (tmp_path / "runs").mkdir()
    run = trained.rename(tmp_path / "runs" / "run")
    folder, named = {
        "a checkpoint": (run / "checkpoints" / "step-00000007", run),
        "specs": (tmp_path / "specs", spec),
        "runs": (tmp_path / "runs", run),
        "nothing": (tmp_path / "empty", None),
    }[kind]
    done = cli("diff", folder, spec)
    assert done.code == 2
    assert f"cannot read {folder}: Is a directory" in done.err
    hint = "hint: name a spec, or the folder of a run, which holds spec.yaml"
    assert f"{hint}, for example {named}\n" in done.err if named else f"{hint}\n" in done.err
