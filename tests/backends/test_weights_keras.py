"""Keras models with every way to flatten, written by hand: their weights give the same outputs in specnet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

import specnet
from specnet.runs.run_directory import RunDirectory
from specnet.testing.comparing import assert_equal
from support.keras_models import assert_same_outputs, built, dense, norm, taken

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import keras
from keras import layers as kl

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = [
    pytest.mark.usefixtures("keras_in_float64"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

Cli = Callable[..., Any]
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


def maps(image: Any) -> list[Any]:
    return [kl.Conv2D(3, 3, name="c1")(image), kl.Conv2D(2, 3, name="c2")(image)]


def flat(values: list[Any]) -> list[Any]:
    return [kl.Flatten()(value) for value in values]


def join(*values: Any) -> Any:
    return kl.Concatenate()(list(values))


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
