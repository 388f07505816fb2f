"""Keras models of many kinds: a spec is read of each of their files, and its answers are Keras's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.backend import protocol as backends
from specnet.convert.models.importing import Imported, import_bytes, import_model
from specnet.plans import plan as plans
from specnet.plans.placement import place
from specnet.testing import relative_error
from support.keras_files import MODELS, built, configuration, keras, of_keras_2, save_as_keras_2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras's own
]

BOUND = 1e-5


def answered(imported: Imported, images: list[Any]) -> list[Any]:
    """By PyTorch in float64; the images as Keras has them."""
    plan, backend = plans.make(imported.network), backends.find("torch")
    placement = place(plan.groups, dict.fromkeys(plan.groups, "cpu"), backend.devices())
    executable = backend.compile(plan, placement, "float64")
    executable.load_state({name: np.asarray(v, np.float64) for name, v in imported.weights().items()})
    given = [image.transpose(0, 3, 1, 2).astype(np.float64) for image in images]
    made = executable.forward(dict(zip(plan.inputs, given, strict=True)))
    return [made[name] for name in plan.outputs]


def compared(model: Any, imported: Imported) -> float:
    """The largest difference of any output, which Keras computes in float32."""
    stream = np.random.default_rng(2)
    images = [stream.standard_normal((3, *each.shape[1:])).astype(np.float32) for each in model.inputs]
    expected = model(images if len(images) > 1 else images[0], training=False)
    expected = list(expected) if isinstance(expected, list | tuple) else [expected]
    found = answered(imported, images)
    assert len(found) == len(expected)
    pairs = [(next(f for f in found if f.shape == e.shape), np.asarray(e)) for e in expected]
    return max(relative_error(f, e) for f, e in pairs)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "measured"])
@pytest.mark.parametrize("how", ["keras", "h5", "h5 of Keras 2"])
def test_the_answers_are_those_of_keras(name: str, how: str, tmp_path: Path) -> None:
    """The largest difference measured is 9.3e-7, of `residual`; Keras computes in float32."""
    model = built(name)
    path = tmp_path / ("saved.keras" if how == "keras" else "saved.h5")
    if how == "h5 of Keras 2":
        if name in ("sums", "mobile", "nested"):
            pytest.skip(
                "Keras 2 has other classes for operators, and another hard_sigmoid, and one name once"
            )
        save_as_keras_2(model, path)
    else:
        model.save(path)
    error = compared(model, import_model(path))
    print(name, how, error)
    assert error < BOUND


@pytest.mark.parametrize("name", ["lenet", "nested", "inception"])
def test_a_configuration_of_either_keras_is_the_same_network(name: str) -> None:
    config = configuration(built(name))
    texts = [import_bytes(json.dumps(c).encode(), f"{name}.json").text for c in (config, of_keras_2(config))]
    layers = [text[text.index("layers:") :] for text in texts]
    assert layers[0] == layers[1]
    assert not import_bytes(json.dumps(config).encode(), f"{name}.json").weights()


def test_constants_of_a_normalization_come_with_the_weights(tmp_path: Path) -> None:
    """The largest difference measured is 1e-7. The output is flattened, and stands in another order."""
    model = built("measured")
    model.save(tmp_path / "measured.keras")
    imported = import_model(tmp_path / "measured.keras")
    model = keras.models.load_model(tmp_path / "measured.keras")  # it takes constants up as it is read
    images = np.random.default_rng(2).standard_normal((3, 6, 6, 2)).astype(np.float32)
    expected = np.asarray(model(images))
    (found,) = answered(imported, [images])
    turned = found.reshape(3, 2, 1, 1).transpose(0, 2, 3, 1).reshape(3, -1)
    assert relative_error(turned, expected) < BOUND
    assert [line for line in imported.text.splitlines() if "kind: scale" in line] == [
        "  given: {kind: scale, from: image, offset: 0, trainable: false}",
        "  measured: {kind: scale, from: pool, offset: 0, trainable: false}",
    ]


def test_frozen_layers_stay_frozen() -> None:
    text = import_bytes(json.dumps(configuration(built("nested"))).encode(), "nested.json").text
    lines = {line.split(":")[0].strip(): line for line in text.splitlines()}
    frozen = {name: "trainable: false" in line for name, line in lines.items() if name.endswith("conv")}
    assert frozen == {"stem.conv": True, "stem.deep.conv": True, "tail.conv": False, "conv": False}


def test_any_command_takes_a_model(tmp_path: Path, cli: Any) -> None:
    built("lenet").save(tmp_path / "lenet.keras")
    assert cli("import", tmp_path / "lenet.keras", "-o", tmp_path / "lenet.yaml").code == 0
    assert cli("diff", tmp_path / "lenet.keras", tmp_path / "lenet.yaml").code == 0
