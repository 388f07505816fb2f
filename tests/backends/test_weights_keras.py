"""Keras models with every way to flatten, written by hand: their weights give the same outputs in specnet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch

import specnet
from specnet.backend import protocol
from specnet.network.network import analyse
from specnet.plans import placement, plan
from specnet.runs.run_directory import RunDirectory
from specnet.testing import relative_error
from specnet.testing.comparing import assert_equal

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import keras
from keras import layers as kl

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Cli = Callable[..., Any]
IMAGE, VECTOR = (2, 8, 6), (3,)
HEAD = """\
specnet: 1
name: flattened
layers:
  image: {kind: input, shape: [2, 8, 6]}
  c1: {kind: conv, from: image, filters: 3, kernel: 3}
  c2: {kind: conv, from: image, filters: 2, kernel: 3}
"""
FLAT = """\
  f1: {kind: flatten, from: c1}
  f2: {kind: flatten, from: c2}
"""


@pytest.fixture(autouse=True)
def _in_float64() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(policy)


def maps(image: Any) -> list[Any]:
    return [kl.Conv2D(3, 3, name="c1")(image), kl.Conv2D(2, 3, name="c2")(image)]


def flat(values: list[Any]) -> list[Any]:
    return [kl.Flatten()(value) for value in values]


def join(*values: Any) -> Any:
    return kl.Concatenate()(list(values))


def norm(name: str, value: Any, **options: Any) -> Any:
    return kl.BatchNormalization(epsilon=1e-5, name=name, **options)(value)


def dense(name: str, value: Any, units: int = 5) -> Any:
    return kl.Dense(units, name=name)(value)


def mixed(image: Any, vector: Any) -> Any:
    f1, f2 = flat(maps(image))
    return dense("fc", join(f1, vector, f2))


def unequal(image: Any, _: Any) -> Any:
    values = [kl.Conv2D(3, 3, name="c1")(image), kl.Conv2D(2, 5, name="c2")(image)]
    return dense("fc", join(*flat(values)))


def pooled(image: Any, _: Any) -> Any:
    """The images are joined, normalized, halved; flattened twice over, and joined with a vector of units."""
    x = kl.ReLU()(norm("bn", join(*maps(image))))
    both = kl.Dropout(0.5)(kl.Flatten()(kl.MaxPooling2D(2)(x)))
    hidden = dense("hidden", both, 7)
    return dense("fc", join(hidden, kl.Flatten()(both)))


def nested(image: Any, _: Any) -> Any:
    f1, f2 = flat(maps(image))
    f3 = kl.Flatten()(image)
    return dense("fc", kl.Dropout(0.5)(join(join(f1, kl.Dropout(0.2)(f2)), f3)))


def normed(image: Any, _: Any) -> Any:
    f1, f2 = flat(maps(image))
    return dense("fc", norm("n", join(kl.ReLU()(norm("n1", f1)), f2)))


def summed(image: Any, _: Any) -> Any:
    f1, f2, f3 = flat([*maps(image), kl.Conv2D(2, 3, name="c3")(image)])
    return dense("fc", join(kl.Add()([f2, f3]), f1))


def towers(image: Any, _: Any) -> Any:
    a, b = (kl.Conv2D(2, 3, name=f"c.{group}")(image) for group in ("a", "b"))
    return dense("fc", join(*flat([a, b])))


def one_image(image: Any, _: Any) -> Any:
    """Both groups' filters in one layer."""
    return dense("fc", kl.Flatten()(kl.Conv2D(4, 3, name="c")(image)))


def residual(image: Any, _: Any) -> Any:
    """The same with a sum, a batch norm and a pool on the way."""
    c = kl.Conv2D(4, 3, name="c")(image)
    x = norm("bn", kl.Add()([c, kl.Conv2D(4, 3, padding="same", groups=2, name="d")(c)]))
    return dense("fc", kl.Flatten()(kl.Add()([kl.MaxPooling2D(2)(kl.ReLU()(x)), kl.MaxPooling2D(2)(c)])))


RESIDUAL = """\
specnet: 1
name: flattened
groups: [a, b]
layers:
  image: {kind: input, shape: [2, 8, 6]}
  c: {kind: conv, from: image, filters: 4, kernel: 3, group: [a, b]}
  d: {kind: conv, from: c, filters: 4, kernel: 3, padding: 1}
  s: {kind: add, from: [c, d]}
  bn: {kind: batch_norm, from: s, activation: relu}
  p: {kind: max_pool, from: bn, kernel: 2}
  q: {kind: max_pool, from: c, kernel: 2}
  t: {kind: add, from: [p, q]}
  f: {kind: flatten, from: t}
  fc: {kind: dense, from: f, cross_group: true, group: a, units: 5}
"""
GROUPS = """\
specnet: 1
name: flattened
groups: [a, b]
layers:
  image: {kind: input, shape: [2, 8, 6]}
  c: {kind: conv, from: image, filters: 4, kernel: 3, group: [a, b]}
  f: {kind: flatten, from: c}
  fc: {kind: dense, from: f, cross_group: true, group: a, units: 5}
"""
DIRECT = f"{HEAD}  fc: {{kind: dense, from: [c1, c2], units: 5}}\n"
ONE_BY_ONE = f"{HEAD}{FLAT}  fc: {{kind: dense, from: [f1, f2], units: 5}}\n"
CONCAT = f"""{HEAD}
  joined: {{kind: concat, from: [c1, c2]}}
  drop: {{kind: dropout, from: joined, rate: 0.5}}
  fc: {{kind: dense, from: drop, units: 5}}
"""
SEPARATE = "  fc: {to: fc, flatten: separate}"
JOINED = "  fc: {to: fc, flatten: joined}"

CASES: dict[str, tuple[str, Callable[[Any, Any], Any], str | None]] = {
    "one by one": (ONE_BY_ONE, lambda i, _: dense("fc", join(*flat(maps(i)))), None),
    "one by one, and said so": (ONE_BY_ONE, lambda i, _: dense("fc", join(*flat(maps(i)))), SEPARATE),
    "one by one in the spec, joined in Keras": (
        ONE_BY_ONE,
        lambda i, _: dense("fc", kl.Flatten()(join(*maps(i)))),
        JOINED,
    ),
    "unequal sizes": (ONE_BY_ONE.replace("filters: 2, kernel: 3", "filters: 2, kernel: 5"), unequal, None),
    "through concat": (
        f"{HEAD}{FLAT}  both: {{kind: concat, from: [f1, f2]}}\n"
        "  fc: {kind: dense, from: both, units: 5}\n",
        lambda i, _: dense("fc", join(*flat(maps(i)))),
        None,
    ),
    "through dropouts": (
        f"{HEAD}{FLAT}  d1: {{kind: dropout, from: f1, rate: 0.5}}\n"
        "  d2: {kind: dropout, from: f2, rate: 0.5}\n  fc: {kind: dense, from: [d1, d2], units: 5}\n",
        lambda i, _: dense("fc", join(*(kl.Dropout(0.5)(f) for f in flat(maps(i))))),
        None,
    ),
    "through batch norms": (
        f"{HEAD}{FLAT}  n1: {{kind: batch_norm, from: f1, activation: relu}}\n"
        "  n: {kind: batch_norm, from: [n1, f2]}\n  fc: {kind: dense, from: n, units: 5}\n",
        normed,
        None,
    ),
    "flatten of several": (
        f"{HEAD}  f: {{kind: flatten, from: [c1, c2]}}\n  fc: {{kind: dense, from: f, units: 5}}\n",
        lambda i, _: dense("fc", kl.Flatten()(join(*maps(i)))),
        None,
    ),
    "dense over images": (DIRECT, lambda i, _: dense("fc", kl.Flatten()(join(*maps(i)))), None),
    "dense over images, separate": (DIRECT, lambda i, _: dense("fc", join(*flat(maps(i)))), SEPARATE),
    "concat of images": (CONCAT, lambda i, _: dense("fc", kl.Flatten()(join(*maps(i)))), None),
    "concat of images, separate": (CONCAT, lambda i, _: dense("fc", join(*flat(maps(i)))), SEPARATE),
    "joined, pooled, with units beside": (
        f"{HEAD}  bn: {{kind: batch_norm, from: [c1, c2], activation: relu}}\n"
        "  p: {kind: max_pool, from: bn, kernel: 2}\n  f: {kind: flatten, from: p}\n"
        "  d: {kind: dropout, from: f, rate: 0.5}\n  hidden: {kind: dense, from: d, units: 7}\n"
        "  again: {kind: flatten, from: d}\n  fc: {kind: dense, from: [hidden, again], units: 5}\n",
        pooled,
        None,
    ),
    "nested": (
        f"{HEAD}{FLAT}  f3: {{kind: flatten, from: image}}\n"
        "  d2: {kind: dropout, from: f2, rate: 0.2}\n  inner: {kind: concat, from: [f1, d2]}\n"
        "  outer: {kind: concat, from: [inner, f3]}\n  d: {kind: dropout, from: outer, rate: 0.5}\n"
        "  fc: {kind: dense, from: d, units: 5}\n",
        nested,
        None,
    ),
    "an input of numbers beside": (
        f"{HEAD}{FLAT}  numbers: {{kind: input, shape: [3]}}\n"
        "  fc: {kind: dense, from: [f1, numbers, f2], units: 5}\n",
        mixed,
        None,
    ),
    "sums of one order": (
        f"{HEAD}  c3: {{kind: conv, from: image, filters: 2, kernel: 3}}\n{FLAT}"
        "  f3: {kind: flatten, from: c3}\n  sum: {kind: add, from: [f2, f3]}\n"
        "  fc: {kind: dense, from: [sum, f1], units: 5}\n",
        summed,
        None,
    ),
    "groups as towers": (GROUPS, towers, None),
    "groups in one image": (GROUPS, one_image, None),
    "groups in one image, all the way": (RESIDUAL, residual, None),
    "towers that were joined": (
        GROUPS,
        lambda i, _: dense("fc", kl.Flatten()(join(*(kl.Conv2D(2, 3, name=f"c.{g}")(i) for g in "ab")))),
        JOINED,
    ),
}


def built(build: Callable[[Any, Any], Any]) -> Any:
    """The Keras model, its weights random, biases and statistics too."""
    image, vector = (keras.Input(shape, dtype="float64") for shape in ((8, 6, 2), VECTOR))
    model = keras.Model([image, vector], build(image, vector))
    stream = np.random.RandomState(3)
    for weight in model.weights:
        if "seed" not in weight.path:
            positive = "variance" in weight.path
            weight.assign((stream.rand if positive else stream.randn)(*weight.shape) + 0.1 * positive)
    return model


def taken(cli: Cli, tmp_path: Path, text: str, file: Path, said: str | None) -> Any:
    """The import of a file, with a mapping if there is something to say."""
    (tmp_path / "spec.yaml").write_text(text)
    options: list[Any] = []
    if said is not None:
        (tmp_path / "map.yaml").write_text(f"weights: 1\n{said}\n")
        options = ["--map", tmp_path / "map.yaml"]
    return cli("weights", "import", tmp_path / "spec.yaml", file, "--run-dir", tmp_path / "run", *options)


def assert_same_outputs(run: Path, model: Any) -> None:
    """Keras and each backend compute the same for two images in float64."""
    stream = np.random.RandomState(4)
    given = {"image": stream.standard_normal((2, *IMAGE)), "numbers": stream.standard_normal((2, *VECTOR))}
    expected = model([np.moveaxis(given["image"], 1, -1), given["numbers"]]).numpy()
    for name in ("torch", "tensorflow"):
        # Measured: at most 8e-16.
        assert relative_error(outputs(run, name, given), expected) < 1e-14


def outputs(run: Path, name: str, given: dict[str, Any]) -> Any:
    directory = RunDirectory(run)
    made, chosen = plan.make(analyse(directory.spec())), protocol.find(name)
    executable = chosen.compile(made, placement.place(made.groups, "cpu", chosen.devices()), "float64")
    executable.load_state(directory.newest().weights)
    return executable.forward({name: given[name] for name in made.inputs})[made.outputs[0]]


@pytest.mark.parametrize("name", CASES)
def test_what_was_flattened_is_known_from_the_spec(cli: Cli, tmp_path: Path, name: str) -> None:
    text, build, line = CASES[name]
    model = built(build)
    model.save_weights(tmp_path / "theirs.weights.h5")
    said = None if line is None else f"tensors:\n{line}"
    done = taken(cli, tmp_path, text, tmp_path / "theirs.weights.h5", said)
    assert (done.code, done.err) == (0, "")
    assert_same_outputs(tmp_path / "run", model)


def test_sums_of_unlike_orders_are_refused(cli: Cli, tmp_path: Path) -> None:
    """Keras adds height, width, channels to units that know no order: no kernel makes that specnet's sum."""
    image = keras.Input((8, 6, 2))
    c1, _ = maps(image)
    model = keras.Model(image, kl.Add()([kl.Flatten()(c1), dense("units", kl.Flatten()(image), 72)]))
    model.save_weights(tmp_path / "theirs.weights.h5")
    text = HEAD.partition("  c2:")[0] + (
        "  f1: {kind: flatten, from: c1}\n  units: {kind: dense, from: image, units: 72}\n"
        "  sum: {kind: add, from: [f1, units]}\n"
    )
    done = taken(cli, tmp_path, text, tmp_path / "theirs.weights.h5", None)
    assert done.code == 1
    assert "SN711: 'sum.gpu0' adds vectors that Keras holds in unlike orders" in done.err


def test_what_cannot_have_been_joined_is_refused(cli: Cli, tmp_path: Path) -> None:
    text, build, _ = CASES["unequal sizes"]
    built(build).save_weights(tmp_path / "theirs.weights.h5")
    done = taken(cli, tmp_path, text, tmp_path / "theirs.weights.h5", f"tensors:\n{JOINED}")
    assert done.code == 1
    assert "SN703: what 'fc.gpu0' reads cannot have been joined before it was flattened" in done.err


@pytest.mark.parametrize("name", ["one by one", "through batch norms", "nested", "groups as towers"])
def test_exports_of_flattened_networks_come_back(cli: Cli, tmp_path: Path, name: str) -> None:
    """Both native models take the file that is written for them, and what they save is the same state."""
    text, build, _ = CASES[name]
    built(build).save_weights(tmp_path / "theirs.weights.h5")
    assert taken(cli, tmp_path, text, tmp_path / "theirs.weights.h5", None).code == 0
    state = RunDirectory(tmp_path / "run").newest().weights
    for suffix in (".weights.h5", ".safetensors"):
        file, again = tmp_path / f"out{suffix}", tmp_path / f"again{suffix}"
        assert cli("weights", "export", tmp_path / "run", "-o", file).code == 0
        if suffix == ".safetensors":
            native = specnet.compile(tmp_path / "spec.yaml", devices="cpu", precision="float64")
            native.load_state_dict(safetensors.torch.load_file(file))
            whole = {key: values.contiguous() for key, values in native.state_dict().items()}
            safetensors.torch.save_file(whole, again)
        else:
            native = specnet.compile(tmp_path / "spec.yaml", "tensorflow", devices="cpu", precision="float64")
            native.load_weights(file)
            native.save_weights(again)
        done = cli("weights", "import", tmp_path / "spec.yaml", again, "--run-dir", tmp_path / f"run{suffix}")
        assert (done.code, done.err) == (0, "")
        found = RunDirectory(tmp_path / f"run{suffix}").newest().weights
        assert set(found) == set(state)
        assert_equal(found, state)


NORMED = """\
specnet: 1
name: normed
layers:
  image: {kind: input, shape: [2, 8, 6]}
  c1: {kind: conv, from: image, filters: 4, kernel: 3, bias: none}
  bn: {kind: batch_norm, from: c1, activation: relu}
  fc: {kind: dense, from: bn, units: 5}
"""
PARTS = [
    ({"scale": False}, "constants: {bn.weight: 1}"),
    ({"center": False}, "constants: {bn.bias: 0}"),
    ({"scale": False, "center": False}, None),
    ({"scale": False, "center": False}, "constants: {bn.gpu0.weight: 1, bn.bias: 0}"),
    ({"scale": False}, "tensors: {other: bn}\nconstants: {bn.weight: 1}"),
]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("options", "said"), PARTS)
def test_batch_norms_do_without_gamma_or_beta(
    cli: Cli, tmp_path: Path, options: dict[str, bool], said: str | None, whole: bool
) -> None:
    """`whole` is a model saved in HDF5, where variables have names and nothing need be said."""
    name = "other" if said is not None and "other" in said else "bn"

    def build(image: Any, _: Any) -> Any:
        x = norm(name, kl.Conv2D(4, 3, use_bias=False, name="c1")(image), **options)
        return dense("fc", kl.Flatten()(kl.ReLU()(x)))

    model = built(build)
    file = tmp_path / ("theirs.h5" if whole else "theirs.weights.h5")
    if whole:
        model.save(file)
        said = said if name == "other" else None
    else:
        model.save_weights(file)
    done = taken(cli, tmp_path, NORMED, file, said)
    assert (done.code, done.err) == (0, "")
    implied = said is None
    assert ("lack a weight or bias, which is the same as bn.gpu0." in done.out) == implied
    assert_same_outputs(tmp_path / "run", model)


@pytest.mark.parametrize("option", ["scale", "center"])
def test_one_of_three_variables_has_to_be_said(cli: Cli, tmp_path: Path, option: str) -> None:
    def build(image: Any, _: Any) -> Any:
        return dense("fc", kl.Flatten()(norm("bn", kl.Conv2D(4, 3, name="c1")(image), **{option: False})))

    built(build).save_weights(tmp_path / "theirs.weights.h5")
    for said in (None, "tensors: {bn: bn}"):
        done = taken(cli, tmp_path, NORMED, tmp_path / "theirs.weights.h5", said)
        assert done.code == 1
        assert "SN713: 'bn' has 3 of the variables weight, bias, running_mean, running_var" in done.err
        assert "constants: {bn.weight: 1} if Keras's layer has scale=False" in done.err
        assert "running_var'" not in done.err


DEPTHWISE = """\
specnet: 1
name: depthwise
groups: [a, b]
layers:
  image: {kind: input, shape: [2, 8, 6]}
  c1: {kind: conv, from: image, filters: 4, kernel: 3, group: [a, b]}
  dw: {kind: conv, from: c1, filters: 12, kernel: [3, 2], groups: 2}
  sep1: {kind: conv, from: dw, filters: 12, kernel: 3, groups: 6, bias: none}
  sep2: {kind: conv, from: sep1, filters: 5, kernel: 1, cross_group: true, group: a}
  fc: {kind: dense, from: sep2, units: 3}
"""
SAID = "tensors: {sep/0: sep1.weight, sep/1: sep2.weight, sep/2: sep2.bias}"
SAID_WHOLE = """\
tensors:
  sep/depthwise_kernel: sep1.weight
  sep/pointwise_kernel: sep2.weight
  sep/bias: sep2.bias
"""


@pytest.mark.parametrize("whole", [False, True])
def test_depthwise_kernels(cli: Cli, tmp_path: Path, whole: bool) -> None:
    """Three filters for each channel, over both groups; and a separable convolution, which is two layers."""

    def build(image: Any, _: Any) -> Any:
        x = kl.DepthwiseConv2D((3, 2), depth_multiplier=3, name="dw")(kl.Conv2D(4, 3, name="c1")(image))
        return dense("fc", kl.Flatten()(kl.SeparableConv2D(5, 3, name="sep")(x)), 3)

    model = built(build)
    file = tmp_path / ("theirs.h5" if whole else "theirs.weights.h5")
    model.save(file) if whole else model.save_weights(file)
    done = taken(cli, tmp_path, DEPTHWISE, file, SAID_WHOLE if whole else SAID)
    assert (done.code, done.err) == (0, "")
    assert_same_outputs(tmp_path / "run", model)


def test_constants_for_what_is_there_are_refused(cli: Cli, tmp_path: Path) -> None:
    def build(image: Any, _: Any) -> Any:
        return dense("fc", kl.Flatten()(norm("bn", kl.Conv2D(4, 3, use_bias=False, name="c1")(image))))

    model = built(build)
    model.save_weights(tmp_path / "theirs.weights.h5")
    model.save(tmp_path / "theirs.h5")
    for file in ("theirs.weights.h5", "theirs.h5"):
        done = taken(cli, tmp_path, NORMED, tmp_path / file, "constants: {bn.weight: 1}")
        assert done.code == 1
        assert "SN708: 'bn" in done.err
