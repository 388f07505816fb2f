"""Weights of models that people wrote by hand, carried into specnet: the outputs are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
import tensorflow as tf

# Keras's own: it hands tensors to h5py, and TensorFlow's do not know NumPy 2's way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Cli = Callable[..., Any]

SIZES = {"conv1": 16, "conv2": 32, "conv3": 48, "conv4": 48, "conv5": 32, "fc6": 64, "fc7": 64, "fc8": 10}
"""A narrow AlexNet: the paper's has 96, 256, 384, 384, 256 filters, 4096, 4096 and 1000 units."""


def narrow(layers: Sequence[str], parts: int = 1) -> list[str]:
    """Overrides that give the layers their narrow sizes, `parts` layers to each."""
    found: list[str] = []
    for layer in layers:
        size = SIZES[layer[:5].rstrip("ab")]
        field = "filters" if layer.startswith("conv") else "units"
        found.append(f"layers.{layer}.{field}={size // (1 if layer == 'fc8' else parts)}")
    return found


def usual_dropout(towers: Sequence[str]) -> list[str]:
    """The frameworks' own dropout layers scale in training; the paper scales when it tests."""
    return [f"layers.drop{n}{tower}.scale_at=train" for n in (6, 7) for tower in towers]


def overrides(changes: Sequence[str]) -> list[str]:
    return [part for change in changes for part in ("--set", change)]


def outputs(run: Path, backend_name: str, images: Any) -> Any:
    """What the run's network computes from its newest checkpoint."""
    directory = RunDirectory(run)
    made = plan.make(analyse(directory.spec()))
    chosen = protocol.find(backend_name)
    where = placement.place(made.groups, "cpu", chosen.devices())
    executable = chosen.compile(made, where, "float32")
    executable.load_state(directory.newest().weights)
    return executable.forward({"image": images})[made.outputs[0]]


def randomise(weights: Sequence[Any]) -> list[Any]:
    """Weights that keep the size of what flows, and biases that matter."""
    stream = np.random.RandomState(1)
    made = []
    for shape in weights:
        fan = max(int(np.prod(shape)) // max(shape[-1], shape[0]), 1) if len(shape) > 1 else 100
        made.append((stream.standard_normal(shape) / np.sqrt(fan)).astype(np.float32))
    return made


class AlexNet(nn.Module):
    """AlexNet as PyTorch users write it: both of the paper's groups in one tensor."""

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__()
        c1, c2, c3, c4, c5, f6, f7, f8 = sizes.values()
        self.features = nn.ModuleList(
            [
                nn.Conv2d(3, c1, kernel_size=11, stride=4),
                nn.Conv2d(c1, c2, kernel_size=5, padding=2, groups=2),
                nn.Conv2d(c2, c3, kernel_size=3, padding=1),
                nn.Conv2d(c3, c4, kernel_size=3, padding=1, groups=2),
                nn.Conv2d(c4, c5, kernel_size=3, padding=1, groups=2),
            ]
        )
        self.classifier = nn.Sequential(
            nn.Linear(c5 * 6 * 6, f6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(f6, f7),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(f7, f8),
        )

    def normalise(self, x: torch.Tensor) -> torch.Tensor:
        """The paper's formula on each GPU's maps. PyTorch divides alpha by the size of the window."""
        halves = [functional.local_response_norm(h, 5, alpha=5 * 1e-4, beta=0.75, k=2) for h in x.chunk(2, 1)]
        return torch.cat(halves, 1)

    def forward(self, x: torch.Tensor) -> Any:
        conv1, conv2, conv3, conv4, conv5 = self.features
        x = functional.pad(x, (0, 3, 0, 3))  # 55x55 maps out of 224x224 pixels
        x = functional.max_pool2d(self.normalise(conv1(x).relu()), 3, 2)
        x = functional.max_pool2d(self.normalise(conv2(x).relu()), 3, 2)
        x = conv4(conv3(x).relu()).relu()
        x = functional.max_pool2d(conv5(x).relu(), 3, 2)
        return self.classifier(x.flatten(1))


TORCH_MAP = """\
weights: 1
tensors:
  features.0: conv1
  features.1: conv2
  features.2: conv3
  features.3: conv4
  features.4: conv5
  classifier.0: fc6
  classifier.3: fc7
  classifier.6: fc8
"""
TORCH_MAP_TO_TOWERS = """\
weights: 1
tensors:
  features.0: [conv1a, conv1b]
  features.1: [conv2a, conv2b]
  features.2: [conv3a, conv3b]
  features.3: [conv4a, conv4b]
  features.4: [conv5a, conv5b]
  classifier.0: [fc6a, fc6b]
  classifier.3: [fc7a, fc7b]
  classifier.6: fc8
"""
TOWERS = [f"{layer}{tower}" for layer in list(SIZES)[:-1] for tower in "ab"] + ["fc8"]


def torch_alexnet(sizes: dict[str, int]) -> AlexNet:
    model = AlexNet(sizes).eval()
    with torch.no_grad():
        weights = randomise([tuple(w.shape) for w in model.parameters()])
        for weight, values in zip(model.parameters(), weights, strict=True):
            weight.copy_(torch.from_numpy(values))
    return model


def pictures(size: int, count: int = 2) -> Any:
    """(count, 3, size, size), about as large as mean-subtracted pixels."""
    return (50 * np.random.RandomState(0).standard_normal((count, 3, size, size))).astype(np.float32)


@pytest.mark.parametrize(
    ("spec", "layers", "parts", "said"),
    [("alexnet", list(SIZES), 1, TORCH_MAP), ("alexnet_towers", TOWERS, 2, TORCH_MAP_TO_TOWERS)],
)
def test_a_hand_written_torch_alexnet_computes_the_same_in_specnet(
    cli: Cli, specs: Path, tmp_path: Path, spec: str, layers: list[str], parts: int, said: str
) -> None:
    theirs = torch_alexnet(SIZES)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    (tmp_path / "map.yaml").write_text(said)
    done = cli(
        *("weights", "import", specs / f"{spec}.yaml", tmp_path / "theirs.safetensors"),
        *("--map", tmp_path / "map.yaml", "--run-dir", tmp_path / "run"),
        *overrides(narrow(layers, parts)),
        *overrides(usual_dropout([""] if parts == 1 else ["a", "b"])),
    )
    assert (done.code, done.err) == (0, "")
    x = pictures(224)
    with torch.inference_mode():
        expected = theirs(torch.from_numpy(x)).numpy()
    for name in ("torch", "tensorflow"):
        # Measured: 5.0e-7 in PyTorch, 1.2e-6 in TensorFlow; at the paper's size 1.2e-6 and 1.5e-6.
        assert relative_error(outputs(tmp_path / "run", name, x), expected) < 1e-5


def test_weights_go_back_to_the_hand_written_model(cli: Cli, specs: Path, tmp_path: Path) -> None:
    theirs = torch_alexnet(SIZES)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    (tmp_path / "map.yaml").write_text(TORCH_MAP)
    run, said = tmp_path / "run", ("--map", tmp_path / "map.yaml")
    sizes = overrides(narrow(list(SIZES)))
    source = (specs / "alexnet.yaml", tmp_path / "theirs.safetensors")
    assert cli("weights", "import", *source, "--run-dir", run, *said, *sizes).code == 0
    assert cli("weights", "export", run, "-o", tmp_path / "back.safetensors", *said).code == 0
    back = safetensors.torch.load_file(tmp_path / "back.safetensors")
    for name, values in theirs.state_dict().items():
        assert torch.equal(back[name], values)
    assert set(back) == set(theirs.state_dict())


def keras_alexnet(sizes: dict[str, int], flatten: str) -> Any:
    """AlexNet as Keras users write it: two towers of 227x227 pixels that meet before conv3, fc6, fc7, fc8."""
    layers = keras.layers
    half = {name: size // 2 for name, size in sizes.items()}

    def norm(name: str) -> Any:
        def paper(x: Any) -> Any:
            return tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)

        return layers.Lambda(paper, name=name)

    def conv(name: str, size: int, x: Any, **options: Any) -> Any:
        return layers.Conv2D(half[name[:5]], size, activation="relu", name=name, **options)(x)

    image = keras.Input((227, 227, 3))
    towers = []
    for side in ("upper", "lower"):
        x = conv(f"conv1_{side}", 11, image, strides=4)
        x = layers.MaxPooling2D(3, 2)(norm(f"norm1_{side}")(x))
        x = conv(f"conv2_{side}", 5, x, padding="same")
        towers.append(layers.MaxPooling2D(3, 2)(norm(f"norm2_{side}")(x)))
    both = layers.concatenate(towers)
    towers = []
    for side in ("upper", "lower"):
        x = conv(f"conv3_{side}", 3, both, padding="same")
        x = conv(f"conv4_{side}", 3, x, padding="same")
        x = conv(f"conv5_{side}", 3, x, padding="same")
        towers.append(layers.MaxPooling2D(3, 2)(x))
    if flatten == "joined":
        x = layers.Flatten()(layers.concatenate(towers))
    else:
        x = layers.concatenate([layers.Flatten()(tower) for tower in towers])
    for name in ("fc6", "fc7"):
        dense = [
            layers.Dense(half[name], activation="relu", name=f"{name}_{s}")(x) for s in ("upper", "lower")
        ]
        x = layers.concatenate([layers.Dropout(0.5)(tower) for tower in dense])
    model = keras.Model(image, layers.Dense(sizes["fc8"], name="fc8")(x))
    model.set_weights(randomise([tuple(w.shape) for w in model.weights if "seed" not in w.path]))
    return model


def keras_map(flatten: str, short: bool) -> str:
    """Their names for the long form's layers, or for the short form's shares. fc8 has the same name."""
    lines = ["weights: 1", "tensors:"]
    for layer in list(SIZES)[:-1]:
        for side, tower, group in (("upper", "a", "gpu0"), ("lower", "b", "gpu1")):
            target = f"{layer}.{group}" if short else f"{layer}{tower}"
            if layer == "fc6":
                target = f"{{to: {target}, flatten: {flatten}}}"
            lines.append(f"  {layer}_{side}: {target}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("flatten", "short"), [("joined", False), ("separate", True)])
def test_a_hand_written_keras_alexnet_computes_the_same_in_specnet(
    cli: Cli, specs: Path, tmp_path: Path, flatten: str, short: bool
) -> None:
    theirs = keras_alexnet(SIZES, flatten)
    theirs.compile(optimizer="sgd", loss="mse")  # its state is in the file, too, and no weight
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    (tmp_path / "map.yaml").write_text(keras_map(flatten, short))
    changes = [
        "layers.image.shape=[3, 227, 227]",
        "training.augment.0.size=227",
        "training.evaluate.size=227",
    ]
    changes += usual_dropout([""] if short else ["a", "b"])
    done = cli(
        *("weights", "import", specs / ("alexnet.yaml" if short else "alexnet_towers.yaml")),
        *(tmp_path / "theirs.weights.h5", "--map", tmp_path / "map.yaml", "--run-dir", tmp_path / "run"),
        *overrides(narrow(list(SIZES)) if short else narrow(TOWERS, 2)),
        *overrides(changes),
    )
    assert (done.code, done.err) == (0, "")
    x = pictures(227)
    expected = theirs(np.moveaxis(x, 1, -1)).numpy()
    for name in ("torch", "tensorflow"):
        # Measured: 1.2e-6 in PyTorch, 1.3e-6 in TensorFlow; at the paper's size 1.9e-6 and 1.2e-6.
        assert relative_error(outputs(tmp_path / "run", name, x), expected) < 1e-5
