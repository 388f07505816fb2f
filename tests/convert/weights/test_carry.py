"""`specnet weights carry`: a run's weights in another network, by file or as a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import specnet
from editing.outputs import Running, equal
from specnet.convert.weights import carrying_lines
from specnet.diagnostics.errors import RunError, UsageError
from specnet.diffs.carrying import Carried, Piece, Place, WeightMapping
from specnet.network.graph import Node
from specnet.network.network import Network, analyse
from specnet.numerics.randomness import Array
from specnet.plans.initial_values import initial_state
from specnet.plans.plan import make
from specnet.runs.run_directory import RunDirectory
from specnet.spec import spec
from specnet.syntax import document
from specnet.testing.comparing import assert_equal

Cli = Callable[..., Any]
SEED = 5
SHORT = """\
specnet: 1
name: short
groups: [a, b]
layers:
  image: {kind: input, shape: [3, 8, 8]}
  conv1: {kind: conv, from: image, filters: 4, kernel: 3, padding: 1, activation: tanh}
  conv2: {kind: conv, from: conv1, filters: 6, kernel: 3, padding: 1, activation: tanh}
  p1: {kind: max_pool, from: conv2, kernel: 2, stride: 2}
  p2: {kind: avg_pool, from: conv2, kernel: 2, stride: 2}
  fc: {kind: dense, from: [p1, p2], cross_group: true, group: a, units: 5}
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  weights: {kind: normal, std: 0.1}
  optimizer: {kind: sgd, learning_rate: 0.1}
  batch_size: 8
  epochs: 1
"""
LONG = """\
specnet: 1
name: long
groups: [a, b]
layers:
  image: {kind: input, shape: [3, 8, 8]}
  conv1a: {kind: conv, from: image, group: a, filters: 2, kernel: 3, padding: 1, activation: tanh}
  conv1b: {kind: conv, from: image, group: b, filters: 2, kernel: 3, padding: 1, activation: tanh}
  conv2a: {kind: conv, from: conv1a, filters: 3, kernel: 3, padding: 1, activation: tanh}
  conv2b: {kind: conv, from: conv1b, filters: 3, kernel: 3, padding: 1, activation: tanh}
  p1a: {kind: max_pool, from: conv2a, kernel: 2, stride: 2}
  p1b: {kind: max_pool, from: conv2b, kernel: 2, stride: 2}
  p2a: {kind: avg_pool, from: conv2a, kernel: 2, stride: 2}
  p2b: {kind: avg_pool, from: conv2b, kernel: 2, stride: 2}
  fc: {kind: dense, from: [p1a, p1b, p2a, p2b], cross_group: true, group: a, units: 5}
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  weights: {kind: normal, std: 0.1}
  optimizer: {kind: sgd, learning_rate: 0.1}
  batch_size: 8
  epochs: 1
"""
FORMS = {
    "short": SHORT,
    "long": LONG,
    "inputs in another order": SHORT.replace("[p1, p2]", "[p2, p1]"),
    "renumbered": SHORT.replace("conv2", "conv3").replace("conv1", "conv2"),
    "towers exchanged": LONG.replace("group: a, filters", "group: x, filters")
    .replace("group: b, filters", "group: a, filters")
    .replace("group: x, filters", "group: b, filters"),
    "one group": SHORT.replace("groups: [a, b]", "groups: [a]")
    .replace("conv1, filters: 6", "conv1, groups: 2, filters: 6")
    .replace("cross_group: true, ", ""),
}
"""One network in several forms."""
HOW = {
    "long": {"same"},
    "inputs in another order": {"same", "permuted"},
    "renumbered": {"same"},
    "one group": {"same", "joined"},
}
"""What becomes of the parameters of the short form in others."""
PAIRS = [
    (one, other)
    for one in FORMS
    for other in FORMS
    if {one, other} not in ({"long", "one group"}, {"towers exchanged", "one group"})
]


def network(text: str) -> Network:
    return analyse(spec.load(document.parse(text, "x.yaml")))


@pytest.fixture
def run_of(cli: Cli, tmp_path: Path) -> Callable[[str], Path]:
    """A run of float64 with random weights."""

    def made(text: str) -> Path:
        path = tmp_path / "first"
        (tmp_path / "first.yaml").write_text(text)
        save_file(Running(network(text)).state(SEED), tmp_path / "first.safetensors")
        source = (tmp_path / "first.yaml", tmp_path / "first.safetensors")
        assert cli("weights", "import", *source, "--run-dir", path).code == 0
        return path

    return made


def answer(text: str, state: dict[str, Array]) -> Array:
    running = Running(network(text))
    (head,) = running.heads
    return running.values(state, running.images(SEED))[head]


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_one_network_computes_the_same_in_every_form(
    cli: Cli, run_of: Callable[[str], Path], tmp_path: Path, before: str, after: str
) -> None:
    run = run_of(FORMS[before])
    (tmp_path / "after.yaml").write_text(FORMS[after])
    options = (run, tmp_path / "after.yaml", "-o", tmp_path / "after.safetensors", "--json")
    done = cli("weights", "carry", *options)
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    assert said["same_network"]
    assert said["weights"]["anew"] == said["initialized"] == []
    found = specnet.diff(run, tmp_path / "after.yaml")
    assert said["weights"] == found.as_json()["weights"]
    assert found.weights is not None
    if before == "short" and after in HOW:
        assert {entry.how for entry in found.weights.entries.values()} == HOW[after]
    own = Running(network(FORMS[before])).state(SEED)
    carried = load_file(tmp_path / "after.safetensors")
    assert all(values.dtype == np.float64 for values in carried.values())
    assert equal(answer(FORMS[after], carried), answer(FORMS[before], own))


@pytest.fixture
def short(run_of: Callable[[str], Path]) -> Path:
    return run_of(SHORT)


@pytest.mark.slow
def test_another_network_is_not_said_to_be_the_same(cli: Cli, short: Path, tmp_path: Path) -> None:
    """Its weights all fit, and it computes something else."""
    other = SHORT.replace("max_pool", "avg_pool")
    (tmp_path / "other.yaml").write_text(other)
    made = specnet.carry_weights(short, tmp_path / "other.yaml", tmp_path / "other.safetensors")
    assert not made.mapping.anew
    assert not made.mapping.same_network
    assert "both compute the same" not in made.lines()[-1]
    carried = load_file(tmp_path / "other.safetensors")
    assert not equal(answer(other, carried), answer(SHORT, Running(network(SHORT)).state(SEED)))


MORE = SHORT.replace("units: 5", "units: 7").replace("[p1, p2]", "[p2, p1]").replace("conv1", "first")
TOLD = [
    "same: first from conv1, conv2",
    "anew: fc.a.weight, as 'fc.a.weight' is 5x192 there, and 7x192 here",
    "anew: fc.a.bias, as 'fc.a.bias' is 5 there, and 7 here",
]


def test_every_parameter_is_told(short: Path, tmp_path: Path) -> None:
    def told(text: str) -> list[str]:
        return specnet.carry_weights(short, spec.load(document.parse(text, "x.yaml"))).lines()[1:]

    assert told(MORE) == TOLD
    order = "permuted: fc.a.weight is columns 96:192, 0:96 of fc.a.weight"
    both = "with these weights both compute the same"
    assert told(FORMS["inputs in another order"]) == ["same: conv1, conv2, fc.a (bias)", order, both]
    joined = [f"joined: conv{i}.a (weight, bias) is conv{i}.a, then conv{i}.b" for i in (1, 2)]
    assert told(FORMS["one group"]) == ["same: fc", *joined, both]
    elsewhere = SHORT.replace("group: a,", "group: b,")
    assert told(elsewhere) == ["same: conv1, conv2", "moved: fc.b (weight, bias) from fc.a", both]
    assert told(SHORT) == ["same: conv1, conv2, fc", both]


def test_many_ranges_are_cut(short: Path) -> None:
    def at(*columns: int) -> str:
        piece = Piece(Place(Node("fc", "a"), "weight"), None, columns)
        entry = Carried((piece,), "permuted")
        return carrying_lines.lines(WeightMapping({piece.place: entry}, (), same_network=False), {})[0]

    assert at(1, 0, 3, 2) == "permuted: fc.a.weight is columns 1:2, 0:1, 3:4, 2:3 of fc.a.weight"
    assert at(1, 0, 3, 2, 5, 4).endswith(" is columns 1:2, 0:1, 3:4, 2:3, 2 more of fc.a.weight")


def test_a_file_of_what_is_carried_alone(cli: Cli, short: Path, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(MORE)
    options = ("weights", "carry", short, tmp_path / "more.yaml", "-o", tmp_path / "out.safetensors")
    done = cli(*options, "--only-carried")
    assert (done.code, done.err) == (0, "")
    assert all(f"  {line}" in done.out for line in TOLD)
    alone = load_file(tmp_path / "out.safetensors")
    assert {name.split(".")[0] for name in alone} == {"first", "conv2"}
    assert cli(*options, "--seed", "3").code == 0
    full = load_file(tmp_path / "out.safetensors")
    fresh = initial_state(make(network(MORE)), 3, "float64")
    assert_equal(full, {**fresh, **alone})
    assert (
        cli(
            "weights",
            "import",
            tmp_path / "more.yaml",
            tmp_path / "out.safetensors",
            "--run-dir",
            tmp_path / "r",
        ).code
        == 0
    )


def test_a_run_that_starts_from_them_is_that_of_an_import(cli: Cli, short: Path, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(MORE)
    options = ("--seed", "3", "--data", "digits", "--run-dir")
    assert cli("weights", "carry", short, tmp_path / "more.yaml", *options, tmp_path / "one").code == 0
    imported = ("weights", "import", tmp_path / "more.yaml", short, "--partial")
    assert cli(*imported, *options, tmp_path / "other").code == 0
    one, other = (RunDirectory(tmp_path / name).newest() for name in ("one", "other"))
    assert (one.step, one.progress) == (0, other.progress)
    assert_equal(one.weights, other.weights)
    for slot, values in other.slots.items():
        assert_equal(one.slots[slot], values)
    assert one.slots.keys() == other.slots.keys()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--data", "digits"), "--data is kept in a run"),
        (("--run-dir", "made", "--only-carried"), "leave out --only-carried, or make a file"),
        (("--run-dir", "made", "-o", "x.safetensors"), "not allowed with argument"),
        (("-o", "x.weights.h5"), "'x.weights.h5' is no file of safetensors"),
        (("-o", "x.pt"), "'x.pt' means a pickle"),
        (("-o", "nowhere/x.safetensors"), "there is no directory nowhere"),
    ],
)
def test_what_cannot_be_written(
    cli: Cli,
    short: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("weights", "carry", short, short, *options)
    assert done.code == 2
    assert words in done.err
    assert not (tmp_path / "made").exists()


def test_what_cannot_be_carried(short: Path, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SHORT)
    with pytest.raises(RunError, match="neither a run nor a checkpoint"):
        specnet.carry_weights(tmp_path / "spec.yaml", short)
    other = (
        SHORT.replace("3, 8, 8", "1, 9, 9")
        .replace("filters: 4", "filters: 8")
        .replace("units: 5", "units: 6")
        .replace("6, kernel", "10, kernel")
    )
    with pytest.raises(UsageError, match=r"nothing of .* fits the network"):
        specnet.carry_weights(short, spec.load(document.parse(other, "x.yaml")))
    with pytest.raises(RunError, match="holds a run already"):
        specnet.carry_weights(short, short, run_dir=short)
    with pytest.raises(UsageError, match="a file or a run is made, not both") as caught:
        specnet.carry_weights(short, short, tmp_path / "x.safetensors", run_dir=tmp_path / "new")
    assert caught.value.hint == "leave out output=, or run_dir="
