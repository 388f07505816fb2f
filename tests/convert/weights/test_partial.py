"""Starting from what fits: the account, `weights import --partial`, and what a diff counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from specnet.convert.weights.starting import Start, start
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.diffs.diff import compare
from specnet.network.network import Network, analyse, examine
from specnet.plans.initial_values import initial_state
from specnet.plans.plan import make
from specnet.runs.run_directory import RunDirectory
from specnet.spec import spec
from specnet.syntax import document
from specnet.testing.comparing import assert_equal
from support.weights_files import SPEC, keras_state, merged, state_of, write_keras

SMALLER = SPEC.replace("units: 2", "units: 3")
"""The head has another number of classes."""
HEAD = ["out.a.weight", "out.a.bias"]


def network(text: str) -> Network:
    return analyse(spec.load(document.parse(text, "x.yaml")))


def begun(text: str, source: Path, **options: Any) -> Start:
    """The start of a network; its account must name every parameter and every tensor's fate once."""
    net = network(text)
    made = start(net, source, **options)
    account = made.account
    names = [p.name for p in make(net).parameters]
    assert sorted([*account.loaded, *account.initialized]) == sorted(names)
    assert set(account.refused) <= set(account.initialized)
    told = "\n".join(account.lines())
    assert all(name.rpartition(".")[0] in told for name in names)
    fresh = initial_state(make(net), options.get("seed", 0), made.precision)
    for name in account.initialized:
        assert made.state[name].tobytes() == fresh[name].tobytes(), name
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.safetensors"
    save_file(state_of(), path)
    return path


@pytest.fixture
def run(file: Path, cli: Callable[..., Any], tmp_path: Path) -> Path:
    """A run of the network, and a checkpoint of its weights."""
    (tmp_path / "first.yaml").write_text(SPEC)
    assert cli("weights", "import", tmp_path / "first.yaml", file, "--run-dir", tmp_path / "first").code == 0
    return tmp_path / "first"


def test_a_head_of_another_size_is_refused_and_the_rest_loaded(file: Path) -> None:
    made = begun(SMALLER, file)
    assert list(made.account.refused) == list(made.account.initialized) == HEAD
    assert "2x6" in made.account.refused[HEAD[0]]
    assert "3x6" in made.account.refused[HEAD[0]]
    assert_equal(
        {n: made.state[n] for n in made.account.loaded}, {n: state_of()[n] for n in made.account.loaded}
    )
    assert (made.account.fit, made.account.every) == (194, 215)  # 36 + 8 + 150, and 3 * 6 + 3


def test_what_is_missing_is_initialized_and_what_is_left_over_ignored(tmp_path: Path) -> None:
    state = merged(state_of())
    del state["fc.bias"]
    save_file({**state, "extra.weight": np.zeros(3, np.float32)}, tmp_path / "in.safetensors")
    made = begun(SPEC, tmp_path / "in.safetensors", seed=3)
    assert made.account.initialized == ("fc.a.bias", "fc.b.bias")
    assert made.account.ignored == ("extra.weight",)
    assert made.account.loaded["norm.a.running_mean"] == "norm.running_mean"
    assert not made.account.refused


def test_a_keras_file_in_part(tmp_path: Path) -> None:
    write_keras(tmp_path / "in.weights.h5", keras_state(state_of()))
    made = begun(SMALLER, tmp_path / "in.weights.h5")
    assert list(made.account.initialized) == HEAD
    assert_equal(
        {n: made.state[n] for n in made.account.loaded}, {n: state_of()[n] for n in made.account.loaded}
    )


def test_nothing_that_fits_is_an_error(tmp_path: Path, file: Path) -> None:
    save_file({"out.weight": np.zeros((9, 9), np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(UsageError, match=r"nothing of .* fits"):
        start(network(SPEC), tmp_path / "other.safetensors")
    save_file({"elsewhere": np.zeros(9, np.float32)}, tmp_path / "strange.safetensors")
    with pytest.raises(SpecError, match="no tensor of the file bears a name"):
        start(network(SPEC), tmp_path / "strange.safetensors")
    (tmp_path / "map.yaml").write_text("weights: 1\ntensors: {nowhere.weight: out.weight}\n")
    with pytest.raises(SpecError, match=r"the file has no tensor 'nowhere\.weight'"):
        start(network(SPEC), file, tmp_path / "map.yaml")


def test_frozen_parameters_that_are_initialized_are_warned_of(file: Path) -> None:
    text = SMALLER.replace("units: 3", "units: 3, trainable: false")
    assert begun(text, file).account.frozen == tuple(HEAD)
    assert "warning" in begun(text, file).account.lines()[-1]
    assert not begun(SMALLER, file).account.frozen


@pytest.mark.parametrize(
    "text",
    [
        SMALLER,
        SMALLER.replace("out:", "head:"),
        SPEC.replace("groups: [a, b]", "groups: [left, right]").replace("group: a", "group: left"),
        SPEC.replace("groups: [a, b]", "groups: [b, a]"),
        SPEC.replace("kernel: 2", "kernel: 1"),
        SPEC.replace("  norm: {kind: batch_norm, from: conv}\n", "").replace("from: norm", "from: conv"),
    ],
)
def test_of_a_run_is_loaded_what_a_diff_counts(run: Path, text: str) -> None:
    found = compare(examine(run / "spec.yaml"), examine(document.parse(text, "x.yaml"))).consequences
    assert found is not None
    made = begun(text, run)
    assert (made.account.fit, made.account.every) == found.weights
    counted = sum(
        made.state[p.name].size
        for p in make(network(text)).parameters
        if p.name in made.account.loaded and p.trainable
    )
    assert counted == found.weights[0] > 0
    saved = RunDirectory(run).newest().weights
    kept = {n: o for n, o in made.account.loaded.items() if o not in made.reordered}
    assert_equal({n: made.state[n] for n in kept}, {n: saved[o] for n, o in kept.items()})
    for name, origin in made.account.loaded.items():
        np.testing.assert_array_equal(np.sort(made.state[name], None), np.sort(saved[origin], None))
    if found.weights[0] < found.weights[1]:
        assert any("specnet train NEW --weights RUN" in line for line in found.lines())


def test_import_partial(run: Path, file: Path, cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(SMALLER)
    strict = cli("weights", "import", tmp_path / "new.yaml", file, "--run-dir", tmp_path / "new")
    assert (strict.code, strict.err.count("SN710")) == (1, 2)
    done = cli("weights", "import", tmp_path / "new.yaml", file, "--partial", "--run-dir", tmp_path / "new")
    assert (done.code, done.err) == (0, "")
    assert "194 of 215 parameters" in done.out
    assert "refused, and so initialized: out.a.weight" in done.out
    saved = RunDirectory(tmp_path / "new").newest()
    assert saved.step == 0
    assert_equal(saved.weights, begun(SMALLER, file).state)
