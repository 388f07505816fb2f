"""Keras models with random weights, taken into a run, and what both compute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from specnet.backend import protocol
from specnet.network.network import analyse
from specnet.plans import placement, plan
from specnet.runs.run_directory import RunDirectory
from specnet.testing import relative_error

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import keras
from keras import layers as kl

Cli = Callable[..., Any]
IMAGE, VECTOR = (2, 8, 6), (3,)


def norm(name: str, value: Any, **options: Any) -> Any:
    return kl.BatchNormalization(epsilon=1e-5, name=name, **options)(value)


def dense(name: str, value: Any, units: int = 5) -> Any:
    return kl.Dense(units, name=name)(value)


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
