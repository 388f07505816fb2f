"""Layers of Keras with parts that are missing, unnamed, or of another shape than specnet's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.keras_models import assert_same_outputs, built, dense, norm, taken

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
from keras import layers as kl

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = [
    pytest.mark.usefixtures("keras_in_float64"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


Cli = Callable[..., Any]


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
