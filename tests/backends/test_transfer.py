"""From ten classes to seven: what of a trained run fits another network, on both backends."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import specnet
from specnet.network.network import analyse
from specnet.plans.plan import make
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import load
from specnet.terminal.progress import Progress
from specnet.training.options import TrainOptions
from specnet.training.session import train

pytestmark = pytest.mark.slow

TEN: dict[str, Any] = {
    "specnet": 1,
    "name": "ten",
    "data": {"kind": "digits"},
    "layers": {
        "image": {"kind": "input", "shape": [1, 8, 8]},
        "conv1": {"kind": "conv", "from": "image", "filters": 8, "kernel": 3, "activation": "relu"},
        "norm1": {"kind": "batch_norm", "from": "conv1"},
        "conv2": {"kind": "conv", "from": "norm1", "filters": 8, "kernel": 3, "activation": "relu"},
        "fc3": {"kind": "dense", "from": "conv2", "units": 16, "activation": "relu"},
        "ten": {"kind": "dense", "from": "fc3", "units": 10},
    },
    "training": {
        "loss": {"kind": "softmax_cross_entropy", "from": "ten"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-3},
        "normalize": {"kind": "mean_image", "scale": 0.01},
        "batch_size": 64,
    },
}


def seven() -> dict[str, Any]:
    """The same with seven classes, the convolutions frozen; its head has another name."""
    head = {**TEN["layers"]["ten"], "units": 7}
    layers = {name: layer for name, layer in TEN["layers"].items() if name != "ten"}
    training = {
        **TEN["training"],
        "loss": {"kind": "softmax_cross_entropy", "from": "seven"},
        "frozen": ["conv*", "norm1"],
    }
    data = {"kind": "image_folder", "size": 8}
    return {**TEN, "name": "seven", "data": data, "layers": {**layers, "seven": head}, "training": training}


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch."""
    run = tmp_path_factory.mktemp("ten") / "run"
    specnet.train(TEN, run_dir=run, progress=Progress(quiet=True))
    return run


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Image files of the digits 3 to 9."""
    folder = tmp_path_factory.mktemp("photos")
    images, labels = load_digits(return_X_y=True)
    for index, (pixels, label) in enumerate(zip(images[:600], labels[:600], strict=True)):
        if label >= 3:
            (folder / f"digit{label}").mkdir(exist_ok=True)
            grey = (pixels.reshape(8, 8) / 16 * 255).astype(np.uint8)
            Image.fromarray(grey).save(folder / f"digit{label}" / f"{index}.png")
    return folder


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_frozen_tensors_are_bit_identical_and_every_parameter_is_accounted_for(
    ten: Path, photos: Path, tmp_path: Path, backend: str
) -> None:
    spec, told = load(seven()), io.StringIO()
    options = TrainOptions(
        backend=backend, data=f"image_folder:{photos}", run_dir=tmp_path / "seven", steps=8, weights=ten
    )
    train(analyse(spec), options, Progress(told))
    before, run = RunDirectory(ten).newest().weights, RunDirectory(tmp_path / "seven")
    after = run.newest().weights
    frozen = [name for name in after if name.startswith(("conv", "norm"))]
    assert len(frozen) == 8
    for name in frozen:
        assert after[name].tobytes() == before[name].tobytes(), name
    for name in ("fc3.gpu0.weight", "seven.gpu0.weight", "seven.gpu0.bias"):
        assert (after[name] != before.get(name, np.float32(0))).any(), name
    assert set(run.newest().slots["velocity"]) == {
        f"{n}.gpu0.{r}" for n in ("fc3", "seven") for r in ("weight", "bias")
    }
    account = told.getvalue()
    assert account.index("loaded") < account.index("step 8")
    for parameter in make(analyse(spec)).parameters:
        share, _, role = parameter.name.rpartition(".")
        (line,) = [part for part in account.replace(": ", "\n", 1).splitlines() if _names(part, share, role)]
        expected = "refused" if share == "seven.gpu0" else "loaded"
        assert line.startswith(expected), parameter.name


def _names(line: str, share: str, role: str) -> bool:
    """Whether a line of the account names a parameter: `conv1.gpu0 (weight, bias)`, or by its full name."""
    if f" {share}.{role}: " in line:
        return True
    _, found, rest = line.partition(f" {share} (")
    return bool(found) and role in rest.partition(")")[0].split(", ")
