"""The native Keras model, used as Keras code uses any other, without a Trainer."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specnet
from support.native_models import FROZEN, SPEC, images

import specnet_tensorflow  # isort: skip  (TensorFlow without its greeting)
import keras
import tensorflow as tf

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LABELS = np.arange(4)
SHARES = [f"{layer}.{group}" for layer in ("conv", "lrn", "norm", "pool", "fc", "drop") for group in "ab"]
SHARES.append("out.a")


def made(**options: Any) -> Any:
    return specnet.compile(SPEC, backend="tensorflow", **{"devices": "cpu", **options})


@pytest.fixture
def model() -> Any:
    return made()


@pytest.fixture
def x() -> Any:
    return np.moveaxis(images(4), 1, -1)


def two_cpus() -> None:
    if len(tf.config.list_logical_devices("CPU")) < 2:
        pytest.skip("needs two logical CPU devices")


def train(model: Any, x: Any, epochs: int) -> list[float]:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, metrics=["accuracy"])
    history: list[float] = model.fit(x, LABELS, epochs=epochs, verbose=0).history["loss"]
    return history


def test_layers_and_weights_are_named(model: Any) -> None:
    names = {layer.name for layer in model.layers}
    assert names == {
        "image",
        *SHARES,
        *("pool.a.to.b", "pool.b.to.a", "drop.b.to.a"),
    }
    paths = {weight.path for weight in model.weights}
    assert {"conv.b/weight", "fc.a/bias", "norm.a/running_var"} <= paths
    assert model.get_layer("out.a").roles["weight"].shape == (16, 10)


def test_the_summary_counts_what_the_table_counts(model: Any) -> None:
    lines: list[str] = []
    model.summary(print_fn=lines.append, line_length=120)
    text = "\n".join(lines)
    assert "fc.b (Share)" in text
    assert "pool.a.to.b (Move)" in text
    assert sum(int(w.shape.num_elements()) for w in model.trainable_weights) == 794
    assert "Trainable params: 794" in text


def test_weights_of_frozen_layers_are_not_trainable() -> None:
    model = specnet.compile(FROZEN, backend="tensorflow", devices="cpu")
    asked = {weight.path for weight in model.trainable_weights}
    assert asked == {f"{share}/{role}" for share in ("fc.a", "fc.b", "out.a") for role in ("weight", "bias")}


def test_fit_trains_it(model: Any, x: Any) -> None:
    keras.utils.set_random_seed(0)
    mean = model.get_layer("norm.a").roles["running_mean"].numpy()
    losses = train(model, x, 30)
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert not np.array_equal(model.get_layer("norm.a").roles["running_mean"].numpy(), mean)
    assert model.evaluate(x, LABELS, verbose=0)[1] >= 0.75
    assert model.predict(x, verbose=0).shape == (4, 10)


def test_dropout_draws_its_own_masks_in_training_only(model: Any, x: Any) -> None:
    assert np.array_equal(model(x), model(x))
    assert not np.array_equal(model(x, training=True), model(x, training=True))


def test_a_saved_model_is_loaded_and_trains_on(model: Any, x: Any, tmp_path: Path) -> None:
    train(model, x, 2)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(x), model(x))
    mean = loaded.get_layer("norm.b").roles["running_mean"].numpy()
    loaded.fit(x, LABELS, epochs=1, verbose=0)
    assert not np.array_equal(loaded.get_layer("norm.b").roles["running_mean"].numpy(), mean)


def test_a_model_that_an_earlier_version_saved_is_loaded(model: Any, x: Any, tmp_path: Path) -> None:
    """It called the operation of a layer its step."""
    model.save(tmp_path / "model.keras")
    with (
        zipfile.ZipFile(tmp_path / "model.keras") as now,
        zipfile.ZipFile(tmp_path / "old.keras", "w") as old,
    ):
        for name in now.namelist():
            content = now.read(name)
            if name == "config.json":
                assert content.count(b'"op": {') == len(SHARES)
                content = content.replace(b'"op": {', b'"step": {')
            old.writestr(name, content)
    loaded = keras.models.load_model(tmp_path / "old.keras")
    np.testing.assert_array_equal(loaded(x), model(x))


def test_a_saved_model_needs_nothing_but_the_backend(model: Any, x: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", x)
    script = (
        "import sys, numpy\nimport specnet_tensorflow, keras\n"
        f"model = keras.models.load_model({str(tmp_path / 'model.keras')!r})\n"
        f"numpy.save({str(tmp_path / 'y.npy')!r}, model(numpy.load({str(tmp_path / 'x.npy')!r})))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Measured: 0.
    assert np.abs(np.load(tmp_path / "y.npy") - model(x)).max() < 1e-6


def test_several_inputs_are_named_by_their_layers_and_stay_so(tmp_path: Path) -> None:
    layers: dict[str, Any] = {name: {"kind": "input", "shape": [5]} for name in ("right", "left-eye", "_x")}
    layers["joined"] = {"kind": "concat", "from": list(layers)}
    model = specnet.compile({"specnet": 1, "name": "three", "layers": layers}, "tensorflow", devices="cpu")
    x = {name: np.full((2, 5), i, np.float32) for i, name in enumerate(["right", "left-eye", "_x"])}
    expected = np.repeat([[0.0, 1.0, 2.0]], 5, axis=1).repeat(2, axis=0)
    model.save(tmp_path / "model.keras")
    for found in (model, keras.models.load_model(tmp_path / "model.keras")):
        assert np.array_equal(found(x), expected)
        assert np.array_equal(found.predict(x, verbose=0), expected)


def test_a_saved_model_keeps_its_devices(x: Any, tmp_path: Path) -> None:
    two_cpus()
    model = made(devices="cpu,cpu:1")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("conv.b").device == "cpu:1"
    assert "CPU:1" in loaded.get_layer("conv.b").roles["weight"].value.device
    assert np.array_equal(loaded(x), model(x))


def elsewhere(path: Path, device: str) -> Path:
    """The saved model as a machine would have saved it that has `device`, and group b on it."""
    moved = path.with_name("moved.keras")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b'"cpu:1"', f'"{device}"'.encode()))
    return moved


def test_a_device_that_is_not_there_is_an_error_until_another_is_named(x: Any, tmp_path: Path) -> None:
    two_cpus()
    model = made(devices="cpu,cpu:1")
    model.save(tmp_path / "model.keras")
    moved = elsewhere(tmp_path / "model.keras", "cuda:7")
    with pytest.raises(TypeError, match=r"lives on the device 'cuda:7', which is not here") as caught:
        keras.models.load_model(moved)
    assert 'specnet_tensorflow.on_devices("cpu")' in str(caught.value)
    with specnet_tensorflow.on_devices({"cuda:7": "cpu:1"}):
        assert keras.models.load_model(moved).get_layer("fc.b").device == "cpu:1"
    with specnet_tensorflow.on_devices("cpu"):
        loaded = keras.models.load_model(moved)
    assert {layer.device for layer in loaded.layers[1:]} == {"cpu"}
    assert np.array_equal(loaded(x), model(x))


def test_weights_are_saved_and_loaded(model: Any, x: Any, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "model.weights.h5")
    other = made(seed=1)
    assert not np.array_equal(other(x), model(x))
    other.load_weights(tmp_path / "model.weights.h5")
    assert np.array_equal(other(x), model(x))


def mixed(model: Any) -> Any:
    """All layers in bfloat16 but the last, whose logits stay float32: what Keras's guide advises."""
    for layer in model.layers:
        layer.dtype_policy = "mixed_bfloat16"
    model.get_layer("out.a").dtype_policy = "float32"
    return model


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32(x: Any) -> None:
    expected = made()(x)
    model = mixed(made())
    assert {weight.dtype for weight in model.weights} == {"float32"}
    half = keras.Model(model.input, model.get_layer("drop.a").output)(x)
    assert half.dtype == tf.bfloat16
    logits = model(x)
    assert logits.dtype == tf.float32
    # Measured: 3.0e-3; bfloat16 has 8 bits.
    assert np.abs(logits - expected).max() / np.abs(expected).max() < 2e-2


def test_mixed_precision_trains_and_survives_saving(x: Any, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    model = mixed(made())
    mean = model.get_layer("norm.a").roles["running_mean"].numpy()
    losses = train(model, x, 30)
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert not np.array_equal(model.get_layer("norm.a").roles["running_mean"].numpy(), mean)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("conv.a").dtype_policy.name == "mixed_bfloat16"
    assert np.array_equal(loaded(x), model(x))


def test_the_named_precision_wins_over_kerass_global_policy(x: Any) -> None:
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = made()
    finally:
        keras.mixed_precision.set_global_policy(before)
    assert np.array_equal(model(x), made()(x))
