"""States of a small network, and files of them as others write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from specnet.network.network import analyse
from specnet.numerics.randomness import Array
from specnet.plans import plan
from specnet.runs.run_directory import RunDirectory
from specnet.spec import spec
from specnet.syntax import document
from specnet.testing.comparing import assert_equal

Cli = Callable[..., Any]


State = dict[str, Array]


SPEC = """\
specnet: 1
name: small
groups: [a, b]
layers:
  image: {kind: input, shape: [2, 3, 4]}
  conv: {kind: conv, from: image, filters: 4, kernel: 2}
  norm: {kind: batch_norm, from: conv}
  fc: {kind: dense, from: norm, cross_group: true, units: 6}
  out: {kind: dense, from: fc, cross_group: true, group: a, units: 2}
"""


def state_of(text: str = SPEC) -> State:
    """Random float32 values for every parameter of a spec."""
    stream = np.random.RandomState(0)
    made = plan.make(analyse(spec.load(document.parse(text, "x.yaml"))))
    return {p.name: stream.standard_normal(p.shape).astype(np.float32) for p in made.parameters}


def merged(state: Mapping[str, Array]) -> State:
    """The shares of every layer stacked, under the layer's name."""
    found: dict[str, list[Array]] = {}
    for name, values in state.items():
        layer, _, role = name.split(".")
        found.setdefault(f"{layer}.{role}", []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def assert_taken(done: Any, run: Path, expected: Mapping[str, Array]) -> None:
    assert (done.code, done.err) == (0, "")
    assert_equal(RunDirectory(run).newest().weights, expected)


def keras_state(state: State) -> State:
    """The state as Keras lays it out, pixel by pixel, `layer.group/N` in the order of the roles."""
    roles = ["weight", "bias", "running_mean", "running_var"]
    found: State = {}
    for name, values in state.items():
        layer, group, role = name.split(".")
        if layer == "conv" and role == "weight":
            values = np.stack(
                [[[v[i, h, w] for i in range(2)] for h in range(2) for w in range(2)] for v in values], -1
            )
            values = values.reshape(2, 2, 2, -1)
        if layer == "fc" and role == "weight":
            values = dense_rows(values, [(4, 2, 3)])
        if layer == "out" and role == "weight":
            values = values.T
        found[f"{layer}.{group}/{roles.index(role)}"] = values
    return found


def dense_rows(weight: Array, pieces: list[tuple[int, int, int]]) -> Array:
    """(units, c h w) -> rows in h, w, c order, piece by piece."""
    rows, start = [], 0
    for channels, height, width in pieces:
        for h in range(height):
            for w in range(width):
                rows += [weight[:, start + c * height * width + h * width + w] for c in range(channels)]
        start += channels * height * width
    return np.stack(rows)


def write_keras(path: Path, state: Mapping[str, NDArray[Any]]) -> None:
    """As Keras writes it: classes and numbers for groups, the layer's name as an attribute."""
    layers = list(dict.fromkeys(name.rpartition("/")[0] for name in state))
    with h5py.File(path, "w") as file:
        file.create_group("vars").attrs["name"] = "functional"
        file.create_dataset("optimizer/vars/0", data=np.int64(3))
        file.create_dataset("layers/dropout/seed_generator/vars/0", data=np.zeros(2, np.uint32))
        for index, layer in enumerate(layers):
            group = file.create_group(f"layers/dense{f'_{index}' if index else ''}/vars")
            group.attrs["name"] = layer
            for name, values in state.items():
                if name.rpartition("/")[0] == layer:
                    group.create_dataset(name.rpartition("/")[2], data=values)
