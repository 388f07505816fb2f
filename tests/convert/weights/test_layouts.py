"""Keras's layouts, written out pixel by pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from specnet.convert.weights import layouts
from specnet.convert.weights.names import Entry
from specnet.plans.plan import make
from specnet.testing.random_specs import network_of
from support.weights_files import assert_taken, dense_rows, keras_state, state_of, write_keras

pytestmark = pytest.mark.slow


def test_keras_layouts_are_turned_round(take: Any, tmp_path: Path) -> None:
    state = state_of()
    write_keras(tmp_path / "theirs.weights.h5", keras_state(state))
    assert_taken(take(tmp_path / "theirs.weights.h5"), tmp_path / "run", state)


def test_inputs_that_keras_flattened_before_joining(take: Any, tmp_path: Path) -> None:
    state = state_of()
    theirs = keras_state(state)
    both = np.concatenate([state["fc.a.weight"], state["fc.b.weight"]])
    theirs["fc/0"] = dense_rows(both, [(2, 2, 3), (2, 2, 3)])
    theirs["fc/1"] = np.concatenate([state["fc.a.bias"], state["fc.b.bias"]])
    for name in ("fc.a/0", "fc.a/1", "fc.b/0", "fc.b/1"):
        del theirs[name]
    write_keras(tmp_path / "theirs.weights.h5", theirs)
    said = "weights: 1\ntensors:\n  fc: {to: fc, flatten: separate}\n"
    assert_taken(take(tmp_path / "theirs.weights.h5", said), tmp_path / "run", state)


FLAT = """\
specnet: 1
name: flat
layers:
  image: {kind: input, shape: [2, 3, 4]}
  flat: {kind: flatten, from: image}
  drop: {kind: dropout, from: flat, rate: 0.5}
  out: {kind: dense, from: drop, units: 5}
"""


@pytest.mark.parametrize("own", [False, True])
def test_a_flatten_layer_is_seen_through(take: Any, tmp_path: Path, own: bool) -> None:
    """Keras flattens in another order; specnet's own Keras model flattens as specnet does."""
    state = state_of(FLAT)
    weight, bias = state["out.gpu0.weight"], state["out.gpu0.bias"]
    with h5py.File(tmp_path / "theirs.weights.h5", "w") as file:
        group = file.create_group(f"layers/{'share_2' if own else 'dense'}/vars")
        group.attrs["name"] = "out"
        group["0"] = weight.T if own else dense_rows(weight, [(2, 3, 4)])
        group["1"] = bias
    assert_taken(take(tmp_path / "theirs.weights.h5", text=FLAT), tmp_path / "run", state)


def test_values_of_each_pixel_after_a_flatten_are_put_in_order(take: Any, tmp_path: Path) -> None:
    text = FLAT.replace(
        "drop: {kind: dropout, from: flat, rate: 0.5}", "drop: {kind: batch_norm, from: flat}"
    )
    state = state_of(text)
    theirs = {
        "out/0": dense_rows(state["out.gpu0.weight"], [(2, 3, 4)]),
        "out/1": state["out.gpu0.bias"],
    }
    for index, role in enumerate(("weight", "bias", "running_mean", "running_var")):
        theirs[f"drop/{index}"] = dense_rows(state[f"drop.gpu0.{role}"][None], [(2, 3, 4)])[:, 0]
    write_keras(tmp_path / "theirs.weights.h5", theirs)
    assert_taken(take(tmp_path / "theirs.weights.h5", text=text), tmp_path / "run", state)


TWICE = """\
specnet: 1
name: twice
layers:
  image: {kind: input, shape: [2, 3, 4]}
  flat: {kind: flatten, from: image}
  out: {kind: dense, from: [flat, flat], units: 3}
"""


@pytest.mark.parametrize("flatten", ["joined", "separate"])
def test_joined_flatten_layers(take: Any, tmp_path: Path, flatten: str) -> None:
    """Two flattened images: Keras code may have joined them before or after."""
    state = state_of(TWICE)
    pieces = [(4, 3, 4)] if flatten == "joined" else [(2, 3, 4), (2, 3, 4)]
    theirs = {"head/0": dense_rows(state["out.gpu0.weight"], pieces), "head/1": state["out.gpu0.bias"]}
    write_keras(tmp_path / "theirs.weights.h5", theirs)
    said = f"weights: 1\ntensors:\n  head: {{to: out, flatten: {flatten}}}\n"
    assert_taken(take(tmp_path / "theirs.weights.h5", said, text=TWICE), tmp_path / "run", state)


def test_a_spec_that_flattens_one_by_one_needs_no_mapping(take: Any, tmp_path: Path) -> None:
    state = state_of(TWICE)
    rows = dense_rows(state["out.gpu0.weight"], [(2, 3, 4), (2, 3, 4)])
    write_keras(tmp_path / "theirs.weights.h5", {"out/0": rows, "out/1": state["out.gpu0.bias"]})
    assert_taken(take(tmp_path / "theirs.weights.h5", text=TWICE), tmp_path / "run", state)


@pytest.mark.parametrize("root", ["", "model_weights/"])
def test_variables_with_names_go_by_them(take: Any, tmp_path: Path, root: str) -> None:
    """As Keras 2 wrote them, with the number of TensorFlow's output and in scopes, in any order."""
    words = {"weight": "kernel:0", "bias": "bias:0"}
    normal = {"weight": "gamma:0", "bias": "beta:0", "running_mean": "moving_mean:0"}
    normal["running_var"] = "moving_variance:0"
    state, theirs = state_of(), keras_state(state_of())
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        file.create_dataset("optimizer_weights/training/SGD/iterations:0", data=np.int64(3))
        for name in reversed(state):
            module, _, role = name.rpartition(".")
            index = ["weight", "bias", "running_mean", "running_var"].index(role)
            word = (normal if module.startswith("norm") else words)[role]
            file.create_dataset(f"{root}{module}/scope/{module}/{word}", data=theirs[f"{module}/{index}"])
    assert_taken(take(tmp_path / "theirs.h5"), tmp_path / "run", state)


def test_a_prefix_of_keras_names_is_a_beginning(take: Any, tmp_path: Path) -> None:
    state = state_of()
    theirs = {f"backbone_{name}": values for name, values in keras_state(state).items()}
    write_keras(tmp_path / "theirs.weights.h5", {**theirs, "head/0": np.ones(3, np.float32)})
    said = "weights: 1\nprefix: backbone_\nignore: [head]\n"
    assert_taken(take(tmp_path / "theirs.weights.h5", said), tmp_path / "run", state)


def test_a_bias_of_keras_where_the_spec_has_none(take: Any, tmp_path: Path) -> None:
    text = TWICE.replace("units: 3", "units: 3, bias: none")
    theirs = {"out/0": state_of(text)["out.gpu0.weight"].T, "out/1": np.zeros(3, np.float32)}
    write_keras(tmp_path / "theirs.weights.h5", theirs)
    done = take(tmp_path / "theirs.weights.h5", text=text)
    assert done.code == 1
    assert "SN707: the file has 'out/1', and 'out' has no biases (bias: none)" in done.err


def test_kernels_that_are_not_shared_keep_their_layout() -> None:
    """Keras has no layer for them, and specnet's own Keras model has them as they are."""
    own = {"kind": "conv", "from": "image", "filters": 4, "kernel": [3, 2], "shared": False}
    layers = {"image": {"kind": "input", "shape": [2, 5, 6]}, "local": own}
    (op,) = make(network_of({"specnet": 1, "name": "net", "layers": layers})).computes
    for role, shape in (("weight", (4, 2, 3, 2, 3, 5)), ("bias", (4, 3, 5))):
        entry = Entry(f"local/{role}", (op,), role)
        values = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
        assert layouts.keras_shapes(entry) == [shape]
        assert layouts.from_keras(values, entry, []) is values
