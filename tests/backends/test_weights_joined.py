"""Layers in one tensor each, joined whole by a model and group by group in a spec: the outputs are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional

from helpers import relative_error
from specnet import backend, placement, plan
from specnet.network import analyse
from specnet.training.run_directory import RunDirectory

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import keras
from keras import layers as kl

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def _in_float64() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(policy)


class Torch:
    """Layers of PyTorch as they are called."""

    def __init__(self, modules: nn.ModuleDict) -> None:
        self.modules = modules

    def _module(self, name: str, make: Callable[[], nn.Module]) -> Any:
        if name not in self.modules:
            self.modules[name] = make().double()
        return self.modules[name]

    def conv(self, name: str, x: Any, filters: int, kernel: int = 3, groups: int = 1) -> Any:
        made = self._module(name, lambda: nn.Conv2d(x.shape[1], filters, kernel, groups=groups))
        return made(x)

    def depthwise(self, name: str, x: Any, multiplier: int) -> Any:
        return self.conv(name, x, multiplier * x.shape[1], 2, x.shape[1])

    def norm(self, name: str, x: Any) -> Any:
        kind = nn.BatchNorm2d if x.ndim == 4 else nn.BatchNorm1d
        return self._module(name, lambda: kind(x.shape[1]))(x)

    def dense(self, name: str, x: Any, units: int = 5) -> Any:
        return self._module(name, lambda: nn.Linear(x.shape[1], units))(x)

    def join(self, *values: Any) -> Any:
        return torch.cat(values, 1)

    def parts(self, *values: Any) -> Any:
        """The halves joined one by one."""
        return torch.cat([part for group in zip(*(v.chunk(2, 1) for v in values)) for part in group], 1)

    def flat(self, x: Any) -> Any:
        return x.flatten(1)

    def relu(self, x: Any) -> Any:
        return x.relu()

    def max(self, x: Any) -> Any:
        return functional.max_pool2d(x, 2)

    def mean(self, x: Any) -> Any:
        return functional.avg_pool2d(x, 2)

    def everywhere(self, x: Any) -> Any:
        return x.mean((2, 3))


class Keras:
    """The same layers of Keras."""

    def conv(self, name: str, x: Any, filters: int, kernel: int = 3, groups: int = 1) -> Any:
        return kl.Conv2D(filters, kernel, groups=groups, name=name)(x)

    def depthwise(self, name: str, x: Any, multiplier: int) -> Any:
        return kl.DepthwiseConv2D(2, depth_multiplier=multiplier, name=name)(x)

    def norm(self, name: str, x: Any) -> Any:
        return kl.BatchNormalization(epsilon=1e-5, name=name)(x)

    def dense(self, name: str, x: Any, units: int = 5) -> Any:
        return kl.Dense(units, name=name)(x)

    def join(self, *values: Any) -> Any:
        return kl.Concatenate()(list(values))

    def parts(self, *values: Any) -> Any:
        halves = [keras.ops.split(value, 2, axis=-1) for value in values]
        return self.join(*(part for group in zip(*halves) for part in group))

    def flat(self, x: Any) -> Any:
        return kl.Flatten()(x)

    def relu(self, x: Any) -> Any:
        return kl.ReLU()(x)

    def max(self, x: Any) -> Any:
        return kl.MaxPooling2D(2)(x)

    def mean(self, x: Any) -> Any:
        return kl.AveragePooling2D(2)(x)

    def everywhere(self, x: Any) -> Any:
        return kl.GlobalAveragePooling2D()(x)


def spec(*lines: str, groups: str = "g, h") -> str:
    """A spec that ends in `fc` on the first group, of two maps a and b that are split."""
    return "\n".join(
        [
            f"specnet: 1\nname: joined\ngroups: [{groups}]\nlayers:",
            "  image: {kind: input, shape: [2, 8, 6]}",
            f"  a: {{kind: conv, from: image, filters: 6, kernel: 3, group: [{groups}]}}",
            f"  b: {{kind: conv, from: image, filters: 12, kernel: 3, group: [{groups}]}}",
            *(f"  {line}" for line in lines),
            "",
        ]
    )


def maps(m: Any, x: Any) -> tuple[Any, Any]:
    return m.conv("a", x, 6), m.conv("b", x, 12)


def both(m: Any, x: Any) -> Any:
    return m.join(*maps(m, x))


def nested(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    c = m.conv("c", x, 6)
    return m.dense("fc", m.flat(m.join(m.max(m.join(a, b)), m.mean(c))))


def two_ways(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    return m.conv("fc", m.join(m.max(a), m.mean(b), m.mean(a), m.max(b)), 5, 1)


def residual(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    once = m.join(a, b)
    other = m.join(m.conv("c", x, 6), m.conv("d", x, 12))
    return m.conv("fc", m.relu(once + other), 5, 1)


def dense_makers(m: Any, x: Any) -> Any:
    x = m.flat(x)
    return m.dense("fc", m.norm("n", m.join(m.dense("p", x, 6), m.dense("q", x, 4))))


def apart(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    return m.dense("fc", m.norm("n", m.join(m.flat(a), m.flat(b))))


def shared_beside(m: Any, x: Any) -> Any:
    """What crosses reads the join, a again, and a layer of one group."""
    a, b = maps(m, x)
    return m.conv("fc", m.join(m.join(a, b), m.relu(a), m.conv("c", x, 3)), 5, 1)


def blocks(m: Any, x: Any) -> Any:
    return m.conv("fc", m.conv("w", both(m, x), 18, 2, 6), 5, 1)


def twice(m: Any, x: Any) -> Any:
    joined = m.relu(m.norm("n", both(m, x)))
    c = m.conv("c", joined, 4, 1)
    return m.conv("fc", m.join(m.max(joined), m.max(c)), 5, 1)


CAT = "cat: {kind: concat, from: [a, b]}"
CROSS = "cross_group: true, group: g"
FC = f"fc: {{kind: dense, from: cat, {CROSS}, units: 5}}"
LAST = "{kind: conv, from: %s, cross_group: true, group: g, filters: 5, kernel: 1}"

CASES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "conv": (spec(CAT, f"fc: {LAST % 'cat'}"), lambda m, x: m.conv("fc", both(m, x), 5, 1)),
    "dense over images": (spec(CAT, FC), lambda m, x: m.dense("fc", m.flat(both(m, x)))),
    "flatten after": (
        spec(CAT, "f: {kind: flatten, from: cat}", FC.replace("from: cat", "from: f")),
        lambda m, x: m.dense("fc", m.flat(both(m, x))),
    ),
    "flatten before": (
        spec(
            "fa: {kind: flatten, from: a}",
            "fb: {kind: flatten, from: b}",
            "n: {kind: batch_norm, from: [fa, fb]}",
            FC.replace("from: cat", "from: n"),
        ),
        apart,
    ),
    "batch norm": (
        spec("n: {kind: batch_norm, from: [a, b], activation: relu}", f"fc: {LAST % 'n'}"),
        lambda m, x: m.conv("fc", m.relu(m.norm("n", both(m, x))), 5, 1),
    ),
    "batch norm that crosses": (
        spec(CAT, f"n: {{kind: batch_norm, from: cat, {CROSS}}}", "fc: {kind: dense, from: n, units: 5}"),
        lambda m, x: m.dense("fc", m.flat(m.norm("n", both(m, x)))),
    ),
    "depthwise": (
        spec(
            "w: {kind: conv, from: [a, b], filters: 36, kernel: 2, groups: 9}",
            "n: {kind: batch_norm, from: w}",
            FC.replace("from: cat", "from: n"),
        ),
        lambda m, x: m.dense("fc", m.flat(m.norm("n", m.depthwise("w", both(m, x), 2)))),
    ),
    "blocks": (
        spec("w: {kind: conv, from: [a, b], filters: 18, kernel: 2, groups: 3}", f"fc: {LAST % 'w'}"),
        blocks,
    ),
    "split on either side": (
        spec(
            CAT,
            "d: {kind: dense, from: cat, cross_group: true, units: 8}",
            FC.replace("from: cat", "from: d"),
        ),
        lambda m, x: m.dense("fc", m.dense("d", m.flat(both(m, x)), 8)),
    ),
    "global pool and dropout": (
        spec(
            CAT,
            "p: {kind: global_avg_pool, from: cat}",
            "d: {kind: dropout, from: p, rate: 0.5}",
            FC.replace("from: cat", "from: d"),
        ),
        lambda m, x: m.dense("fc", m.everywhere(both(m, x))),
    ),
    "nested": (
        spec(
            "c: {kind: conv, from: image, filters: 6, kernel: 3, group: [g, h]}",
            CAT,
            "p: {kind: max_pool, from: cat, kernel: 2}",
            "q: {kind: avg_pool, from: c, kernel: 2}",
            "all: {kind: concat, from: [p, q]}",
            FC.replace("from: cat", "from: all"),
        ),
        nested,
    ),
    "one layer two ways": (
        spec(
            "pa: {kind: max_pool, from: a, kernel: 2}",
            "qb: {kind: avg_pool, from: b, kernel: 2}",
            "qa: {kind: avg_pool, from: a, kernel: 2}",
            "pb: {kind: max_pool, from: b, kernel: 2}",
            "all: {kind: concat, from: [pa, qb, qa, pb]}",
            f"fc: {LAST % 'all'}",
        ),
        two_ways,
    ),
    "sums": (
        spec(
            CAT,
            "c: {kind: conv, from: image, filters: 6, kernel: 3, group: [g, h]}",
            "d: {kind: conv, from: image, filters: 12, kernel: 3, group: [g, h]}",
            "other: {kind: concat, from: [c, d]}",
            "s: {kind: add, from: [cat, other], activation: relu}",
            f"fc: {LAST % 's'}",
        ),
        residual,
    ),
    "vectors": (
        spec(
            "p: {kind: dense, from: image, units: 6, group: [g, h]}",
            "q: {kind: dense, from: image, units: 4, group: [g, h]}",
            "n: {kind: batch_norm, from: [p, q]}",
            FC.replace("from: cat", "from: n"),
        )
        .replace("  a:", "  # a:")
        .replace("  b:", "  # b:"),
        dense_makers,
    ),
    "others beside": (
        spec(
            CAT,
            "r: {kind: activation, from: a, function: relu}",
            "c: {kind: conv, from: image, filters: 3, kernel: 3, group: g}",
            f"fc: {LAST % '[cat, r, c]'}",
        ),
        shared_beside,
    ),
    "read twice": (
        spec(
            "n: {kind: batch_norm, from: [a, b], activation: relu}",
            "c: {kind: conv, from: n, cross_group: true, group: [g, h], filters: 4, kernel: 1}",
            "p: {kind: max_pool, from: n, kernel: 2}",
            "q: {kind: max_pool, from: c, kernel: 2}",
            "all: {kind: concat, from: [p, q]}",
            f"fc: {LAST % 'all'}",
        ),
        twice,
    ),
    "three groups": (
        spec("n: {kind: batch_norm, from: [a, b]}", FC.replace("from: cat", "from: n"), groups="g, h, i"),
        lambda m, x: m.dense("fc", m.flat(m.norm("n", both(m, x)))),
    ),
}


class Model:
    """A model of either framework with random weights, saved to a file; called with (image, channels, ...)."""

    def __init__(self, framework: str, build: Callable[[Any, Any], Any], folder: Path) -> None:
        stream = np.random.RandomState(3)
        if framework == "torch":
            modules = nn.ModuleDict()
            self.call = lambda x: build(Torch(modules), torch.from_numpy(x)).detach().numpy()
            self.call(np.ones((2, 2, 8, 6)))
            modules.eval()
            for name, values in modules.state_dict().items():
                if values.is_floating_point():
                    drawn = stream.rand(*values.shape) + 0.1 if "var" in name else stream.randn(*values.shape)
                    values.copy_(torch.from_numpy(np.asarray(drawn)))
            self.file = folder / "theirs.safetensors"
            safetensors.torch.save_file(modules.state_dict(), self.file)
            return
        image = keras.Input((8, 6, 2), dtype="float64")
        model = keras.Model(image, build(Keras(), image))
        for weight in model.weights:
            positive = "variance" in weight.path
            weight.assign((stream.rand if positive else stream.randn)(*weight.shape) + 0.1 * positive)
        self.call = lambda x: np.asarray(model(np.moveaxis(x, 1, -1)))
        self.file = folder / "theirs.weights.h5"
        model.save_weights(self.file)


def taken(cli: Cli, folder: Path, text: str, file: Path, said: str | None = None) -> Any:
    (folder / "spec.yaml").write_text(text)
    options: list[Any] = []
    if said is not None:
        (folder / "map.yaml").write_text(f"weights: 1\n{said}\n")
        options = ["--map", folder / "map.yaml"]
    return cli("weights", "import", folder / "spec.yaml", file, "--run-dir", folder / "run", *options)


def assert_same_outputs(run: Path, model: Model) -> None:
    directory = RunDirectory(run)
    made = plan.make(analyse(directory.spec()))
    x = np.random.RandomState(4).standard_normal((2, 2, 8, 6))
    expected = model.call(x)
    for name in ("torch", "tensorflow"):
        chosen = backend.find(name)
        executable = chosen.compile(made, placement.place(made.groups, "cpu", chosen.devices()), "float64")
        executable.load_state(directory.newest().weights)
        found = executable.forward({"image": x})[made.outputs[0]]
        # Measured: at most MEASURED.
        assert relative_error(found.reshape(len(x), -1), _vector(expected, model)) < 1e-14


def _vector(values: Any, model: Model) -> Any:
    if values.ndim == 4 and model.file.suffix == ".h5":
        values = np.moveaxis(values, -1, 1)
    return values.reshape(len(values), -1)


@pytest.mark.parametrize("framework", ["torch", "keras"])
@pytest.mark.parametrize("name", CASES)
def test_layers_that_a_model_joins_whole(cli: Cli, tmp_path: Path, name: str, framework: str) -> None:
    text, build = CASES[name]
    model = Model(framework, build, tmp_path)
    done = taken(cli, tmp_path, text, model.file)
    assert (done.code, done.err) == (0, "")
    assert "joined whole in the file, group by group in the spec" in done.out
    assert_same_outputs(tmp_path / "run", model)


def whole_state(text: str) -> dict[str, torch.Tensor]:
    """Random values for every layer of a spec, its groups' shares stacked under the layer's name."""
    stream = np.random.RandomState(5)
    made = plan.make(analyse(specnet.load(text)))
    found: dict[str, list[Any]] = {}
    for parameter in made.parameters:
        layer, _, role = parameter.name.split(".")
        found.setdefault(f"{layer}.{role}", []).append(torch.from_numpy(stream.standard_normal(parameter.shape)))
    return {name: torch.cat(values) for name, values in found.items()}
