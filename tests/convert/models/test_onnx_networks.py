"""Published networks in ONNX: every parameter is there, and the answers are ONNX Runtime's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from specnet.convert.models.importing import import_bytes, import_model
from specnet.testing import relative_error
from support.answers import answers
from support.onnx_models import LIGHT, run, with_random_weights

PARAMETERS = {
    "light_bvlc_alexnet": 60_965_224,
    "light_densenet121": 7_978_856,
    "light_inception_v1": 6_998_552,
    "light_inception_v2": 11_194_984,
    "light_resnet50": 25_557_032,
    "light_shufflenet": 1_393_320,
    "light_squeezenet": 1_235_496,
    "light_vgg19": 143_667_240,
    "light_zfnet512": 87_250_536,
}
"""Trainable parameters: the sizes that the file gives to weights and biases, added up by hand; of a batch
normalization with a gain and an offset behind it, one weight and one bias."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_there(name: str) -> None:
    network = import_model(LIGHT / f"{name}.onnx").network
    held = (weight for share in network.shares.values() for weight in share.parameters().values())
    assert sum(weight.size for weight in held if weight.trainable) == PARAMETERS[name]
    assert not network.warnings


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PARAMETERS if name != "light_vgg19"])
def test_the_answers_are_those_of_onnx_runtime(name: str) -> None:
    """Largest difference measured: see the table in docs/convert.md; ONNX Runtime computes in float32."""
    made = with_random_weights(onnx.load(LIGHT / f"{name}.onnx"), 1)
    images = np.random.default_rng(2).standard_normal((1, 3, 224, 224)).astype(np.float32)
    imported = import_bytes(made.SerializeToString(), f"{name}.onnx")
    (expected,), (found,) = run(made, images), answers(imported.network, imported.weights(), images)
    error = relative_error(found.reshape(expected.shape), expected)
    print(name, error)
    assert error < 1e-5


def test_the_spec_is_what_a_person_would_write() -> None:
    text = import_model(Path(LIGHT / "light_bvlc_alexnet.onnx")).text
    assert (
        "conv2: {kind: conv, from: max_pool, filters: 256, kernel: 5, padding: 2, groups: 2, activation: re"
        in text
    )
    assert "  fc8: {kind: dense, from: dropout_2, units: 1000, activation: softmax}" in text
