"""Weights of layer norms and scales, and the order of vectors that they lie between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.weights_files import assert_taken, dense_rows, state_of, write_keras

pytestmark = pytest.mark.slow

BLOCK = """\
specnet: 1
name: block
layers:
  image: {kind: input, shape: [3, 4, 5]}
  norm: {kind: layer_norm, from: image, epsilon: 1e-6}
  gamma: {kind: scale, from: norm, gain: 1e-6}
  out: {kind: dense, from: gamma, units: 2}
"""


@pytest.mark.parametrize("gain", ["gain: 1e-6", "gain: 1e-6, trainable: false"])
def test_a_layer_scale_of_torchvision(take: Any, tmp_path: Path, gain: str) -> None:
    """ConvNeXt's parameter `layer_scale` is (channels, 1, 1) there; LayerNorm has weight and bias.

    A file's values replace constants, too.
    """
    text = BLOCK.replace("gain: 1e-6", gain)
    state = state_of(text)
    theirs = {
        "block.2.weight": state["norm.gpu0.weight"],
        "block.2.bias": state["norm.gpu0.bias"],
        "layer_scale": state["gamma.gpu0.weight"].reshape(3, 1, 1),
        "head.weight": state["out.gpu0.weight"],
        "head.bias": state["out.gpu0.bias"],
    }
    said = "weights: 1\ntensors: {block.2: norm, layer_scale: gamma.weight, head: out}\n"
    assert_taken(take(theirs, said, text=text), tmp_path / "run", state)


FLAT = """\
specnet: 1
name: flat
layers:
  image: {kind: input, shape: [2, 3, 4]}
  flat: {kind: flatten, from: image}
  norm: {kind: layer_norm, from: flat}
  twice: {kind: multiply, from: [norm, flat]}
  some: {kind: stochastic_depth, from: twice, rate: 0.5}
  gain: {kind: scale, from: some, offset: 0}
  out: {kind: dense, from: gain, units: 5}
"""


def test_values_of_each_pixel_after_a_flatten_are_put_in_order(take: Any, tmp_path: Path) -> None:
    state = state_of(FLAT)
    theirs = {
        "out/0": dense_rows(state["out.gpu0.weight"], [(2, 3, 4)]),
        "out/1": state["out.gpu0.bias"],
    }
    for layer in ("norm", "gain"):
        for index, role in enumerate(("weight", "bias")):
            values = state[f"{layer}.gpu0.{role}"]
            theirs[f"{layer}/{index}"] = dense_rows(values[None], [(2, 3, 4)])[:, 0]
    write_keras(tmp_path / "theirs.weights.h5", theirs)
    assert_taken(take(tmp_path / "theirs.weights.h5", text=FLAT), tmp_path / "run", state)


@pytest.mark.parametrize("window", ["3, 4", "1, 1"])
def test_a_number_for_each_channel_in_another_order(take: Any, tmp_path: Path, window: str) -> None:
    """Keras multiplies a flattened image into other channels than the spec does, unless it is one pixel."""
    text = (
        f"specnet: 1\nname: gate\nlayers:\n  image: {{kind: input, shape: [2, {window}]}}\n"
        "  flat: {kind: flatten, from: image}\n"
        f"  conv: {{kind: conv, from: image, filters: {24 if window == '3, 4' else 2}, kernel: 1}}\n"
        "  gated: {kind: multiply, from: [conv, flat]}\n"
    )
    state = state_of(text)
    kernel = state["conv.gpu0.weight"].transpose(2, 3, 1, 0)
    write_keras(tmp_path / "theirs.weights.h5", {"conv/0": kernel, "conv/1": state["conv.gpu0.bias"]})
    done = take(tmp_path / "theirs.weights.h5", text=text)
    if window == "1, 1":
        assert done.code == 0, done.err
    else:
        assert done.code == 1
        assert "SN711: 'gated.gpu0' multiplies vectors that Keras holds in unlike orders" in done.err
