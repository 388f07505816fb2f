"""Models of Keras: archives, HDF5 and JSON."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuzzing.forking import forking
from fuzzing.kind import Kind, check_words
from fuzzing.mutation import bytes_changed, json_text
from specnet.convert.models.importing import import_bytes
from specnet.diagnostics.errors import SpecError, UsageError
from support.keras_configs import functional, layer, sequential

CONV = layer(
    "Conv2D", "conv", filters=2, kernel_size=[3, 3], strides=[1, 1], padding="same", activation="relu"
)
SEPARABLE = layer("SeparableConv2D", "both", filters=2, kernel_size=3, depth_multiplier=2, padding="same")
LEAKY = layer("LeakyReLU", "leaky", alpha=0.1)
GATED = {"class_name": "__keras_tensor__", "config": {"keras_history": ["gate", 0, 0]}}
MODELS: tuple[dict[str, Any], ...] = (
    sequential(
        CONV,
        layer("MaxPooling2D", "pool", pool_size=2, strides=None, data_format="channels_last"),
        layer("BatchNormalization", "norm", axis=[3], momentum=0.99, epsilon=0.001),
        layer("Flatten", "rows"),
        layer("Dropout", "drop", rate=0.5),
        layer("Dense", "fc", units=3, activation={"class_name": "function", "config": "softmax"}),
        compile_config={"optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1}}, "loss": "mse"},
    ),
    functional(
        (CONV, [[["x", 0, 0, {}]]]),
        (SEPARABLE, [[["x", 0, 0]]]),
        (layer("Add", "sum"), [[["conv", 0, 0, {}], ["both", 0, 0, {"mask": None}]]]),
        (layer("Concatenate", "join", axis=-1), [[["sum", 0, 0, {}], ["x", 0, 0, {}]]]),
        (layer("GlobalAveragePooling2D", "mean"), [[["join", 0, 0, {}]]]),
        (layer("Reshape", "pixel", target_shape=[1, 1, 6]), [[["mean", 0, 0, {}]]]),
        (layer("Multiply", "gate"), [[["join", 0, 0, {}], ["pixel", 0, 0, {}]]]),
        (
            {"class_name": "Sequential", "config": {"name": "inner", "layers": [LEAKY]}},
            [{"args": [GATED], "kwargs": {"mask": None}}],
        ),
        outputs=[["inner", 0, 0], ["mean", 0, 0]],
    ),
)  # fmt: skip
SHAPES: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {
    ("conv", "conv2d"): {"kernel": (3, 3, 4, 2), "bias": (2,)},
    ("norm", "batch_normalization"): dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (2,)),
    ("both", "separable_conv2d"): {
        **{"depthwise_kernel": (3, 3, 4, 2), "pointwise_kernel": (1, 1, 8, 2), "bias": (2,)},
    },
    ("fc", "dense"): {"kernel": (32, 3), "bias": (3,)},
}
"""The variables of the layers above, by their names and the places of their classes."""


def _hdf5(config: bytes, *, by_place: bool) -> bytes:
    with h5py.File.in_memory() as file:
        if not by_place:
            file.attrs["model_config"] = config.decode(errors="replace").replace("\0", "")
        for (name, place), variables in SHAPES.items():
            for number, (variable, shape) in enumerate(variables.items()):
                own = f"model_weights/{name}/{name}/{variable}:0"
                own = f"layers/{place}/vars/{number}" if by_place else own
                file[own] = np.ones(shape, np.float32)
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


def _keras(config: bytes, weights: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("metadata.json", b'{"keras_version": "3.9.0"}')
        made.writestr("config.json", config)
        made.writestr("model.weights.h5", weights)
    return stream.getvalue()


def _sound(_: Path) -> list[bytes]:
    made = []
    for model in MODELS:
        config = json.dumps(model).encode()
        made += [config, _hdf5(config, by_place=False), _keras(config, _hdf5(b"", by_place=True))]
    return made


def _change(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The configuration more often than the file around it."""
    what = draw.random()
    if what < 0.5:
        config = json_text(draw, draw.choice(MODELS))
        if what < 0.3:
            return config
        weights = _hdf5(b"", by_place=True)
        return _keras(config, weights) if what < 0.42 else _hdf5(config[:50_000], by_place=False)
    if what < 0.6:
        weights = bytes_changed(draw, _hdf5(b"", by_place=True), others)
        return _keras(json.dumps(draw.choice(MODELS)).encode(), b"\x89HDF\r\n\x1a\n" + weights[8:])
    for _ in range(draw.choice((1, 1, 2, 4))):
        data = bytes_changed(draw, data, others)
    return data


def _read(data: bytes, _: Path) -> str:
    forking()
    try:
        imported = import_bytes(data, "m.keras")
        assert imported.network.shares
        imported.weights()
    except UsageError as error:
        check_words(error)
        return "refused"
    except SpecError as error:
        for finding in error.diagnostics:
            check_words(finding)
        return "refused"
    return "taken"


KINDS = {"keras": Kind(_sound, _change, _read, seconds=6)}
