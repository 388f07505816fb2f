"""Layers in one tensor each, joined whole by a model and group by group in a spec: the same outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from specnet.network.network import analyse
from specnet.plans import plan
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import load
from specnet.syntax.document import parse
from specnet.testing.comparing import assert_equal

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)

from support.joined_cases import CASES, CAT, CROSS, FC, LAST, maps
from support.joined_models import Model, assert_same_outputs, spec, taken

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = [
    pytest.mark.usefixtures("keras_in_float64"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

Cli = Callable[..., Any]


@pytest.mark.parametrize("framework", ["torch", "keras"])
@pytest.mark.parametrize("name", CASES)
def test_layers_that_a_model_joins_whole(cli: Cli, tmp_path: Path, name: str, framework: str) -> None:
    text, build = CASES[name]
    model = Model(framework, build, tmp_path)
    done = taken(cli, tmp_path, text, model.file)
    assert (done.code, done.err) == (0, "")
    assert "joined whole in the file, group by group in the spec" in done.out
    assert_same_outputs(tmp_path / "run", model)


LRN = "l: {kind: lrn, from: cat, size: 3, k: 1, alpha: 0.5, beta: 0.75%s}"
UNDECIDED: dict[str, tuple[str, str]] = {
    "a convolution on each group": (
        spec(CAT, "d: {kind: conv, from: cat, filters: 6, kernel: 1}", f"fc: {LAST % 'd'}"),
        "d.g",
    ),
    "a dense layer on each group": (
        spec(CAT, "d: {kind: dense, from: cat, units: 6}", FC.replace("from: cat", "from: d")),
        "d.g",
    ),
    "lrn": (spec(CAT, LRN % "", f"fc: {LAST % 'l'}"), "l.g"),
    "lrn that crosses": (spec(CAT, LRN % f", {CROSS}", "fc: {kind: dense, from: l, units: 5}"), "l.g"),
    "blocks across parts": (
        spec(CAT, f"fc: {LAST % 'cat'}".replace("filters: 5", "filters: 6, groups: 2")),
        "fc.g",
    ),
    "sums of other parts": (
        spec(
            CAT,
            "e: {kind: conv, from: image, filters: 18, kernel: 3, group: [g, h]}",
            "s: {kind: add, from: [cat, e]}",
            f"fc: {LAST % 's'}",
        ),
        "s.g",
    ),
    "an input on each group": (
        spec(
            "small: {kind: avg_pool, from: image, kernel: 3, stride: 1}",
            "cat: {kind: concat, from: [a, small]}",
            f"fc: {LAST % '[cat, b]'}",
        ),
        "fc.g",
    ),
    "outputs": (spec(CAT, f"fc: {{kind: activation, from: cat, {CROSS}, function: tanh}}"), "fc.g"),
    "one layer two ways": (
        spec(
            "r: {kind: activation, from: a, function: tanh}",
            "d: {kind: conv, from: [a, r], filters: 6, kernel: 1}",
            f"fc: {LAST % '[b, d]'}",
        ),
        "d.g",
    ),
}


def state_of(text: str) -> dict[str, Any]:
    """Random values for every parameter of a spec."""
    stream = np.random.RandomState(5)
    made = plan.make(analyse(load(parse(text, "x.yaml"))))
    return {p.name: stream.standard_normal(p.shape) for p in made.parameters}


def whole(state: dict[str, Any]) -> dict[str, Any]:
    """The shares of each layer in one tensor, under the layer's name."""
    found: dict[str, list[Any]] = {}
    for name, values in state.items():
        layer, _, role = name.split(".")
        found.setdefault(f"{layer}.{role}", []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_joined_whole_is_another_network_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    """A model that joins the parts as the spec does has the spec's own order: `concat: parts`."""
    text, step = UNDECIDED[name]
    state, file = state_of(text), tmp_path / "theirs.safetensors"
    save_file(whole(state), file)
    for said in (None, "concat: whole"):
        done = taken(cli, tmp_path, text, file, said)
        assert done.code == 1
        assert f"SN711: '{step}' has parts of several layers that are one tensor each in the file" in done.err
        assert "write 'concat: parts' in a mapping file" in done.err
        assert not (tmp_path / "run").exists()
    done = taken(cli, tmp_path, text, file, "concat: parts")
    assert (done.code, done.err) == (0, "")
    found = RunDirectory(tmp_path / "run").newest().weights
    assert_equal(found, state)


@pytest.mark.parametrize("name", [*CASES, *UNDECIDED])
def test_tensors_of_shares_are_in_the_specs_order(cli: Cli, tmp_path: Path, name: str) -> None:
    """What specnet writes, and what a model of towers holds, is taken as it is."""
    text = (CASES.get(name) or UNDECIDED[name])[0]
    state = state_of(text)
    save_file(state, tmp_path / "own.safetensors")
    done = taken(cli, tmp_path, text, tmp_path / "own.safetensors")
    assert (done.code, done.err) == (0, "")
    assert "joined" not in done.out
    found = RunDirectory(tmp_path / "run").newest().weights
    assert_equal(found, state)


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_model_that_joins_by_parts(cli: Cli, tmp_path: Path, framework: str) -> None:
    def build(m: Any, x: Any) -> Any:
        joined = m.parts(*maps(m, x))
        return m.dense("fc", m.flat(m.conv("d", m.norm("n", joined), 6, 1, 2)))

    text = spec(
        "n: {kind: batch_norm, from: [a, b]}",
        "d: {kind: conv, from: n, filters: 6, kernel: 1}",
        FC.replace("from: cat", "from: d"),
    )
    model = Model(framework, build, tmp_path)
    assert taken(cli, tmp_path, text, model.file).code == 1
    done = taken(cli, tmp_path, text, model.file, "concat: parts")
    assert (done.code, done.err) == (0, "")
    assert_same_outputs(tmp_path / "run", model)


@pytest.mark.parametrize("framework", ["torch", "keras"])
@pytest.mark.parametrize("swapped", [False, True])
def test_towers_of_the_long_form_in_one_tensor(
    cli: Cli, tmp_path: Path, framework: str, swapped: bool
) -> None:
    """`swapped`: the file has the second tower's filters first, and the reader's columns with them."""
    first, second = ("h", "g") if swapped else ("g", "h")
    lines = [f"c_{t}: {{kind: concat, from: [a_{t}, b_{t}]}}" for t in "gh"]
    text = spec(*lines, f"fc: {{kind: dense, from: [c_g, c_h], {CROSS}, units: 5}}")
    for name, size in (("a", 3), ("b", 6)):
        towers = (
            f"  {name}_{t}: {{kind: conv, from: image, filters: {size}, kernel: 3, group: {t}}}" for t in "gh"
        )
        line = next(line for line in text.splitlines() if line.startswith(f"  {name}:"))
        text = text.replace(line, "\n".join(towers))
    said = "\n".join(f"  {name}: [{name}_{first}, {name}_{second}]" for name in "ab")
    model = Model(framework, CASES["dense over images"][1], tmp_path)
    done = taken(cli, tmp_path, text, model.file, f"tensors:\n{said}")
    assert (done.code, done.err) == (0, "")
    assert_same_outputs(tmp_path / "run", model)


@pytest.mark.parametrize("name", CASES)
def test_exports_with_some_names_of_whole_layers_come_back(cli: Cli, tmp_path: Path, name: str) -> None:
    """What the mapping does not mention keeps its name, and has its channels in the whole layers' order."""
    text = CASES[name][0]
    state, back = state_of(text), tmp_path / "back.safetensors"
    save_file(state, tmp_path / "own.safetensors")
    assert taken(cli, tmp_path, text, tmp_path / "own.safetensors").code == 0
    last = {key for key in state if key.startswith("fc.")}
    layers = sorted({key.partition(".")[0] for key in {*state} - last})
    said = tmp_path / "map.yaml"
    said.write_text("weights: 1\ntensors:\n" + "\n".join(f"  {layer}: {layer}" for layer in layers))
    done = cli("weights", "export", tmp_path / "run", "-o", back, "--map", said)
    assert (done.code, done.err) == (0, "")
    assert last <= set(load_file(back))
    done = cli("weights", "import", tmp_path / "spec.yaml", back, "--run-dir", tmp_path / "again")
    assert (done.code, done.err) == (0, "")
    found = RunDirectory(tmp_path / "again").newest().weights
    assert_equal(found, state)


@pytest.mark.parametrize("name", CASES)
def test_exports_under_names_of_whole_layers_come_back(cli: Cli, tmp_path: Path, name: str) -> None:
    """The hand-written model takes back what it gave, to the last bit."""
    text, build = CASES[name]
    model = Model("torch", build, tmp_path)
    theirs = load_file(model.file)
    layers = sorted({key.partition(".")[0] for key in theirs})
    said = "tensors:\n" + "\n".join(f"  {layer}: {layer}" for layer in layers)
    assert taken(cli, tmp_path, text, model.file, said).code == 0
    back = tmp_path / "back.safetensors"
    done = cli("weights", "export", tmp_path / "run", "-o", back, "--map", tmp_path / "map.yaml")
    assert (done.code, done.err) == (0, "")
    found = load_file(back)
    assert_equal(found, {k: values for k, values in theirs.items() if not k.endswith("num_batches_tracked")})


@pytest.mark.parametrize("name", ["lrn", "outputs"])
def test_exports_that_are_another_network_joined_whole_are_refused(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    text = UNDECIDED[name][0]
    save_file(state_of(text), tmp_path / "own.safetensors")
    assert taken(cli, tmp_path, text, tmp_path / "own.safetensors").code == 0
    back, said = tmp_path / "back.safetensors", tmp_path / "map.yaml"
    said.write_text("weights: 1\ntensors: {a: a, b: b}\n")
    done = cli("weights", "export", tmp_path / "run", "-o", back, "--map", said)
    assert done.code == 1
    assert "SN711" in done.err
    assert not back.exists()


BOTH = f"fc: {{kind: dense, from: [a, b], {CROSS}, units: 5}}"


@pytest.mark.parametrize("text", [spec(CAT, FC), spec(BOTH)])
def test_images_that_one_tensor_made_are_flattened_as_one(cli: Cli, tmp_path: Path, text: str) -> None:
    """`flatten: separate` is for each map of the Keras model, and both groups' shares are one map there."""

    def build(m: Any, x: Any) -> Any:
        a, b = maps(m, x)
        return m.dense("fc", m.join(m.flat(a), m.flat(b)))

    model = Model("keras", build, tmp_path)
    done = taken(cli, tmp_path, text, model.file, "tensors:\n  fc: {to: fc, flatten: separate}")
    assert (done.code, done.err) == (0, "")
    assert_same_outputs(tmp_path / "run", model)


def test_parts_on_one_group_may_have_been_joined_either_way(cli: Cli, tmp_path: Path) -> None:
    text = spec("fc: {kind: dense, from: [d, b, c], cross_group: true, group: g, units: 5}")
    for name in "cd":
        line = f"{name}: {{kind: conv, from: image, filters: 3, kernel: 3, group: g}}"
        text = text.replace("  fc:", f"  {line}\n  fc:")
    text = text.replace("  a:", "  # a:")

    def build(m: Any, x: Any) -> Any:
        a, b = maps(m, x)
        return m.dense("fc", m.flat(m.join(a, b)))

    model, said = Model("torch", build, tmp_path), "tensors: {a: [c, d]}"
    done = taken(cli, tmp_path, text, model.file, said)
    assert done.code == 1
    assert "SN711: 'fc.g' has parts of several layers" in done.err
    done = taken(cli, tmp_path, text, model.file, f"{said}\nconcat: whole")
    assert (done.code, done.err) == (0, "")
    assert_same_outputs(tmp_path / "run", model)
