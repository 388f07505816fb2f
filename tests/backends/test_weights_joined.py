"""Layers in one tensor each, joined whole by a model and group by group in a spec: the same outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors.numpy import load_file, save_file
from torch import nn
from torch.nn import functional

from specnet.backend import protocol
from specnet.network.network import analyse
from specnet.plans import placement, plan
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import load
from specnet.syntax.document import parse
from specnet.testing import relative_error
from specnet.testing.comparing import assert_equal

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

    def parts(self, a: Any, b: Any) -> Any:
        """The halves joined one by one."""
        (a0, a1), (b0, b1) = a.chunk(2, 1), b.chunk(2, 1)
        return torch.cat([a0, b0, a1, b1], 1)

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

    def parts(self, a: Any, b: Any) -> Any:
        (a0, a1), (b0, b1) = (keras.ops.split(value, 2, axis=-1) for value in (a, b))
        return self.join(a0, b0, a1, b1)

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
    """A model of either framework with random weights, in a file; called with images in canonical layout."""

    def __init__(self, framework: str, build: Callable[[Any, Any], Any], folder: Path) -> None:
        stream = np.random.RandomState(3)
        if framework == "torch":
            modules = nn.ModuleDict()
            self.call: Callable[[Any], Any] = lambda x: (
                build(Torch(modules), torch.from_numpy(x)).detach().numpy()
            )
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
    chosen = protocol.find("torch")
    executable = chosen.compile(made, placement.place(made.groups, "cpu", chosen.devices()), "float64")
    executable.load_state(directory.newest().weights)
    found = executable.forward({"image": x})[made.outputs[0]]
    # Measured: at most 1.7e-15.
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
    assert_equal(found, theirs)
    assert set(found) == {key for key in theirs if not key.endswith("num_batches_tracked")}


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
