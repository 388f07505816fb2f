"""Keras models of many kinds, with random weights, and the files that Keras 2 and 3 save them in."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import keras as keras  # noqa: PLC0414  (for tests, too)
from keras import layers as kl


def lenet() -> Any:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            kl.Conv2D(4, 5, activation="tanh", name="c1"),
            kl.AveragePooling2D(2, name="s2"),
            kl.Conv2D(6, 3, activation="tanh", padding="same"),
            kl.MaxPooling2D(3, 2, padding="same"),
            kl.Flatten(),
            kl.Dense(12, activation="sigmoid"),
            kl.Dropout(0.5),
            kl.Dense(5, name="logits"),
        ],
        name="lenet",
    )


def alexnet() -> Any:
    """A single tower: strides, cut edges, dropout, zeros around images."""
    return keras.Sequential(
        [
            keras.Input((35, 31, 3)),
            kl.Rescaling(1 / 127.5, -1),
            kl.Conv2D(8, (7, 5), strides=(3, 2), activation="relu"),
            kl.ZeroPadding2D(((1, 2), (0, 1))),
            kl.MaxPooling2D(3, 2),
            kl.BatchNormalization(),
            kl.Conv2D(12, 3, padding="same", groups=2),
            kl.LeakyReLU(),
            kl.Cropping2D((1, 0)),
            kl.Flatten(),
            kl.BatchNormalization(center=False, scale=False, epsilon=0.01),
            kl.Dense(10, activation="elu", use_bias=False),
            kl.Dense(7, activation="softmax"),
        ]
    )


def towers() -> Any:
    """Two towers that exchange maps once, and are joined as rows."""
    image = keras.Input((12, 10, 3), name="image")
    own = [kl.Conv2D(4, 3, activation="relu", name=f"conv1_{side}")(image) for side in "ab"]
    both = kl.Concatenate(name="exchange")(own)
    own = [kl.Conv2D(6, 3, padding="same", name=f"conv2_{side}")(both) for side in "ab"]
    rows = [
        kl.Flatten(name=f"flatten_{side}")(kl.MaxPooling2D(2)(value))
        for side, value in zip("ab", own, strict=True)
    ]
    joined = kl.Concatenate(name="fc5")([*rows, kl.Dense(3, name="short")(rows[0])])
    return keras.Model(image, kl.Dense(4, name="fc6")(kl.Dense(9, activation="relu6")(joined)), name="towers")


def residual() -> Any:
    image = keras.Input((16, 16, 3))
    value = kl.ReLU(max_value=6)(
        kl.BatchNormalization(axis=3)(kl.Conv2D(8, 3, padding="same", use_bias=False)(image))
    )
    for filters, stride in ((8, 1), (12, 2)):
        short = value if stride == 1 else kl.Conv2D(filters, 1, strides=stride, name="projection")(value)
        inner = kl.Activation("relu")(kl.Conv2D(filters, 3, strides=stride, padding="same")(value))
        inner = kl.BatchNormalization(momentum=0.9, trainable=False)(
            kl.Conv2D(filters, 3, padding="same")(inner)
        )
        value = kl.ReLU()(kl.Add()([inner, short]))
    return keras.Model(image, kl.Dense(5)(kl.GlobalAveragePooling2D()(value)), name="residual")


def nested(deepest: str = "conv") -> Any:
    """Models in a model, two deep, with names that repeat, and one frozen."""
    deep = keras.Sequential([keras.Input((8, 8, 4)), kl.Conv2D(5, 1, name=deepest)], name="deep")
    inner = keras.Input((10, 10, 3), name="inside")
    value = deep(kl.Conv2D(4, 3, name="conv", activation="relu")(inner))
    stem = keras.Model(inner, [value, kl.MaxPooling2D(2)(value)], name="stem")
    stem.trainable = False
    image = keras.Input((10, 10, 3), name="image")
    large, small = stem(image, training=False)
    tail = keras.Sequential([kl.Flatten(), kl.Dense(6, name="conv")], name="tail")
    rows = [kl.GlobalMaxPooling2D()(large), tail(small)]
    return keras.Model(image, kl.Dense(3, name="conv")(kl.Concatenate()(rows)), name="whole")


def inception() -> Any:
    image = keras.Input((9, 9, 4))
    branches = [
        kl.Conv2D(3, 1, activation="relu")(image),
        kl.Conv2D(4, 3, padding="same", activation="relu")(kl.Conv2D(2, 1, activation="gelu")(image)),
        kl.Conv2D(2, 3, dilation_rate=2, padding="same", activation="silu")(image),
        kl.Conv2D(2, 1)(kl.AveragePooling2D(3, 1, padding="same")(image)),
    ]
    value = kl.Concatenate(axis=-1)(branches)
    value = kl.LayerNormalization(axis=-1)(kl.Dense(6, activation="softplus")(value))
    aux = kl.Softmax()(kl.Dense(3, name="aux")(kl.Flatten()(kl.AveragePooling2D(3)(value))))
    return keras.Model(image, [kl.Dense(5)(kl.GlobalAveragePooling2D()(value)), aux], name="inception")


def mobile() -> Any:
    """Depthwise and separable convolutions, a gate of a row made an image of one pixel, and one kept so."""
    image = keras.Input((13, 13, 3))
    value = kl.ReLU(6.0)(kl.Conv2D(4, 3, strides=2, padding="same")(image))
    value = kl.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="hard_silu")(value)
    value = kl.SeparableConv2D(6, (3, 2), depth_multiplier=3, activation="relu", strides=1)(value)
    gate = kl.Reshape((1, 1, 6))(kl.GlobalAveragePooling2D()(value))
    gate = kl.Conv2D(6, 1, activation="hard_sigmoid")(kl.Conv2D(2, 1, activation="relu")(gate))
    value = kl.Multiply()([value, gate])
    other = kl.Dense(6, activation="sigmoid")(kl.GlobalAveragePooling2D()(value))
    value = kl.Multiply()([value, kl.Reshape((1, 1, 6))(other)])
    value = kl.GlobalAveragePooling2D(keepdims=True)(value)
    value = kl.Conv2D(5, 1)(kl.Dropout(0.1)(value))
    return keras.Model(image, kl.Softmax()(kl.Reshape((5,))(value)), name="mobile")


def measured() -> Any:
    """Constants of `Normalization`, given and measured, and a layer without weights that is called twice."""
    image = keras.Input((6, 6, 2), name="image")
    value = kl.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], name="given")(image)
    pool = kl.MaxPooling2D(2, name="pool")
    value = pool(kl.Normalization(name="measured")(pool(value)))
    return keras.Model(image, kl.Flatten()(value), name="measured")


def sums() -> Any:
    """Two inputs, and sums and products that are written as operators."""
    image, other = keras.Input((6, 6, 2), name="image"), keras.Input((6, 6, 2), name="other")
    value = kl.Conv2D(2, 3, padding="same")(image) + other
    return keras.Model([image, other], kl.Dense(3)(kl.Flatten()(value * image)), name="sums")


def nested_apart() -> Any:
    """With names that no two layers in one model share, as Keras 2 has to have them in HDF5."""
    return nested("deepest")


MODELS: dict[str, Callable[[], Any]] = {
    make.__name__: make
    for make in (lenet, alexnet, towers, residual, nested, nested_apart, inception, mobile, measured, sums)
}


def built(name: str) -> Any:
    """A model, its weights random: gains, offsets and statistics too."""
    keras.utils.set_random_seed(0)
    model = MODELS[name]()
    stream = np.random.RandomState(3)
    for weight in model.weights:
        if "seed" not in weight.path and "count" not in weight.path:
            positive = "variance" in weight.path or "gamma" in weight.path
            values = stream.rand(*weight.shape) + 0.5 if positive else stream.randn(*weight.shape) * 0.3
            weight.assign(values)
    return model


def configuration(model: Any) -> dict[str, Any]:
    """What `model.to_json()` says."""
    made: dict[str, Any] = json.loads(model.to_json())
    return made


def of_keras_2(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration as Keras 2 writes it: shapes of inputs, and calls as lists of `[layer, node, tensor,
    {arguments}]`, without modules (documented in `keras/engine/functional.py`, `get_network_config`)."""
    made = _older(copy.deepcopy(config))
    return {**made, "keras_version": "2.15.0", "backend": "tensorflow"}


def _older(entry: dict[str, Any]) -> dict[str, Any]:
    for key in ("module", "registered_name", "build_config", "compile_config"):
        entry.pop(key, None)
    config = entry["config"]
    if "batch_shape" in config:
        config["batch_input_shape"] = config.pop("batch_shape")
    if "negative_slope" in config and entry["class_name"] == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    config["dtype"] = "float32"
    for key in ("input_layers", "output_layers"):
        if key in config and isinstance(config[key][0], str):
            config[key] = [config[key]]
    for layer in config.get("layers", ()):
        _older(layer)
    if "inbound_nodes" in entry:
        entry["inbound_nodes"] = [_call(node) for node in entry["inbound_nodes"]]
    return entry


def _call(node: dict[str, Any]) -> list[Any]:
    arguments = node["args"][0] if isinstance(node["args"][0], list) else node["args"]
    keywords = {key: value for key, value in node["kwargs"].items() if value is not None}
    return [[*argument["config"]["keras_history"], keywords] for argument in arguments]


def save_as_keras_2(model: Any, path: Path) -> None:
    """A whole model in HDF5, as Keras 2 does it: its variables are called `kernel:0`, those of depthwise
    convolutions `depthwise_kernel:0`, each below its own layer's name and that of the outermost layer."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = json.dumps(of_keras_2(configuration(model)))
        for outer in model.layers:
            group = file.create_group(f"model_weights/{outer.name}")
            for layer in outer._flatten_layers():
                for weight in layer.weights if not hasattr(layer, "layers") else ():
                    name = weight.name
                    is_depthwise = type(layer).__name__ == "DepthwiseConv2D" and name == "kernel"
                    name = "depthwise_kernel" if is_depthwise else name
                    if "seed" not in weight.path:
                        group.create_dataset(f"{layer.name}/{name}:0", data=np.asarray(weight))
