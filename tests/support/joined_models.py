"""Models that join layers, as people write them in PyTorch and in Keras, and their weights in specnet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional

from specnet.backend import protocol
from specnet.network.network import analyse
from specnet.plans import placement, plan
from specnet.runs.run_directory import RunDirectory
from specnet.testing import relative_error

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import keras
from keras import layers as kl

Cli = Callable[..., Any]


class Torch:
    """Layers of PyTorch as they are called."""

    def __init__(self, modules: nn.ModuleDict) -> None:
        self.modules = modules

    def _module(self, name: str, make: Callable[[], nn.Module]) -> Any:
        if name not in self.modules:
            self.modules[name] = make().double()
        return self.modules[name]

    def conv(self, name: str, x: Any, filters: int, kernel: int = 3, groups: int = 1) -> Any:
        made = self._module(name, lambda: nn.Conv2d(x.shape[1], filters, kernel, groups=groups))
        return made(x)

    def depthwise(self, name: str, x: Any, multiplier: int) -> Any:
        return self.conv(name, x, multiplier * x.shape[1], 2, x.shape[1])

    def norm(self, name: str, x: Any) -> Any:
        kind = nn.BatchNorm2d if x.ndim == 4 else nn.BatchNorm1d
        return self._module(name, lambda: kind(x.shape[1]))(x)

    def dense(self, name: str, x: Any, units: int = 5) -> Any:
        return self._module(name, lambda: nn.Linear(x.shape[1], units))(x)

    def join(self, *values: Any) -> Any:
        return torch.cat(values, 1)

    def parts(self, a: Any, b: Any) -> Any:
        """The halves joined one by one."""
        (a0, a1), (b0, b1) = a.chunk(2, 1), b.chunk(2, 1)
        return torch.cat([a0, b0, a1, b1], 1)

    def flat(self, x: Any) -> Any:
        return x.flatten(1)

    def relu(self, x: Any) -> Any:
        return x.relu()

    def max(self, x: Any) -> Any:
        return functional.max_pool2d(x, 2)

    def mean(self, x: Any) -> Any:
        return functional.avg_pool2d(x, 2)

    def everywhere(self, x: Any) -> Any:
        return x.mean((2, 3))


class Keras:
    """The same layers of Keras."""

    def conv(self, name: str, x: Any, filters: int, kernel: int = 3, groups: int = 1) -> Any:
        return kl.Conv2D(filters, kernel, groups=groups, name=name)(x)

    def depthwise(self, name: str, x: Any, multiplier: int) -> Any:
        return kl.DepthwiseConv2D(2, depth_multiplier=multiplier, name=name)(x)

    def norm(self, name: str, x: Any) -> Any:
        return kl.BatchNormalization(epsilon=1e-5, name=name)(x)

    def dense(self, name: str, x: Any, units: int = 5) -> Any:
        return kl.Dense(units, name=name)(x)

    def join(self, *values: Any) -> Any:
        return kl.Concatenate()(list(values))

    def parts(self, a: Any, b: Any) -> Any:
        (a0, a1), (b0, b1) = (keras.ops.split(value, 2, axis=-1) for value in (a, b))
        return self.join(a0, b0, a1, b1)

    def flat(self, x: Any) -> Any:
        return kl.Flatten()(x)

    def relu(self, x: Any) -> Any:
        return kl.ReLU()(x)

    def max(self, x: Any) -> Any:
        return kl.MaxPooling2D(2)(x)

    def mean(self, x: Any) -> Any:
        return kl.AveragePooling2D(2)(x)

    def everywhere(self, x: Any) -> Any:
        return kl.GlobalAveragePooling2D()(x)


def spec(*lines: str, groups: str = "g, h") -> str:
    """A spec that ends in `fc` on the first group, of two maps a and b that are split."""
    return "\n".join(
        [
            f"specnet: 1\nname: joined\ngroups: [{groups}]\nlayers:",
            "  image: {kind: input, shape: [2, 8, 6]}",
            f"  a: {{kind: conv, from: image, filters: 6, kernel: 3, group: [{groups}]}}",
            f"  b: {{kind: conv, from: image, filters: 12, kernel: 3, group: [{groups}]}}",
            *(f"  {line}" for line in lines),
            "",
        ]
    )


class Model:
    """A model of either framework with random weights, in a file; called with images in canonical layout."""

    def __init__(self, framework: str, build: Callable[[Any, Any], Any], folder: Path) -> None:
        stream = np.random.RandomState(3)
        if framework == "torch":
            modules = nn.ModuleDict()
            self.call: Callable[[Any], Any] = lambda x: (
                build(Torch(modules), torch.from_numpy(x)).detach().numpy()
            )
            self.call(np.ones((2, 2, 8, 6)))
            modules.eval()
            for name, values in modules.state_dict().items():
                if values.is_floating_point():
                    drawn = stream.rand(*values.shape) + 0.1 if "var" in name else stream.randn(*values.shape)
                    values.copy_(torch.from_numpy(np.asarray(drawn)))
            self.file = folder / "theirs.safetensors"
            safetensors.torch.save_file(modules.state_dict(), self.file)
            return
        image = keras.Input((8, 6, 2), dtype="float64")
        model = keras.Model(image, build(Keras(), image))
        for weight in model.weights:
            positive = "variance" in weight.path
            weight.assign((stream.rand if positive else stream.randn)(*weight.shape) + 0.1 * positive)
        self.call = lambda x: np.asarray(model(np.moveaxis(x, 1, -1)))
        self.file = folder / "theirs.weights.h5"
        model.save_weights(self.file)


def taken(cli: Cli, folder: Path, text: str, file: Path, said: str | None = None) -> Any:
    (folder / "spec.yaml").write_text(text)
    options: list[Any] = []
    if said is not None:
        (folder / "map.yaml").write_text(f"weights: 1\n{said}\n")
        options = ["--map", folder / "map.yaml"]
    return cli("weights", "import", folder / "spec.yaml", file, "--run-dir", folder / "run", *options)


def assert_same_outputs(run: Path, model: Model) -> None:
    directory = RunDirectory(run)
    made = plan.make(analyse(directory.spec()))
    x = np.random.RandomState(4).standard_normal((2, 2, 8, 6))
    expected = model.call(x)
    chosen = protocol.find("torch")
    executable = chosen.compile(made, placement.place(made.groups, "cpu", chosen.devices()), "float64")
    executable.load_state(directory.newest().weights)
    found = executable.forward({"image": x})[made.outputs[0]]
    # Measured: at most 1.7e-15.
    assert relative_error(found.reshape(len(x), -1), _vector(expected, model)) < 1e-14


def _vector(values: Any, model: Model) -> Any:
    if values.ndim == 4 and model.file.suffix == ".h5":
        values = np.moveaxis(values, -1, 1)
    return values.reshape(len(values), -1)
