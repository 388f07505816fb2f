"""How long it takes until there is something to see.

    python benchmarks/start_speed.py [--rounds 5] [--only NAME ...] [--json FILE]

First the commands that only read specs, as wall-clock and as processor time, beside a Python that does
nothing. Then the time from the start of a process to the end of its first training step, for full-size
AlexNet on the handwritten digits in batches of 32: `specnet train` and the same by hand. Every run is a new
process, rounds are interleaved, the round that fills the disk's cache does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SPECS = HERE.parent / "specs"
ALEXNET = str(SPECS / "alexnet.yaml")
COMMANDS = {
    "python": ("-c", "pass"),
    "specnet --help": ("-m", "specnet", "--help"),
    "specnet validate": ("-m", "specnet", "validate", ALEXNET),
    "specnet table": ("-m", "specnet", "table", ALEXNET),
    "specnet diff": ("-m", "specnet", "diff", ALEXNET, str(SPECS / "alexnet_one_group.yaml")),
}
BATCH, SIZE, THREADS = 32, 224, 2


def train_specnet(backend: str) -> None:
    """`specnet train` with the digits enlarged; it stops being followed after its first step."""
    import specnet
    from specnet.terminal.progress import Progress

    class FirstStep(Progress):
        def show(self, label: str, done: int, total: int, details: str = "") -> bool:
            if label.endswith("step"):
                first_step_done()
            return super().show(label, done, total, details)

    spec = specnet.load(SPECS / "variants" / "alexnet_on_digits.yaml")
    specnet.train(spec, backend=backend, progress=FirstStep())


def train_torch(compiled: bool) -> None:
    import torch
    import torch_networks
    from sklearn.datasets import load_digits

    torch.set_num_threads(THREADS)
    digits = load_digits()
    images = torch.from_numpy(digits.images).float()[:, None]
    images = torch.nn.functional.interpolate(images, (SIZE, SIZE), mode="bilinear").expand(-1, 3, -1, -1)
    labels = torch.from_numpy(digits.target)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(images - images.mean(0), labels), BATCH, shuffle=True
    )
    model = torch_networks.alexnet()
    run = torch.compile(model) if compiled else model
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
    for batch, wanted in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(run(batch), wanted)
        loss.backward()
        optimizer.step()
        loss.item()
        first_step_done()


def train_keras() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import keras_networks
    import tensorflow as tf
    from sklearn.datasets import load_digits

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    digits = load_digits()
    images = tf.image.resize(digits.images[..., None].repeat(3, axis=-1), (SIZE, SIZE))
    data = tf.data.Dataset.from_tensor_slices((images - tf.reduce_mean(images, 0), digits.target))
    model = keras_networks.NETWORKS["alexnet"]()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(1e-3, momentum=0.9), loss=loss)
    for batch, wanted in data.shuffle(len(digits.target)).batch(BATCH):
        model.train_on_batch(batch, wanted)
        first_step_done()


TRAINERS: dict[str, Callable[[], None]] = {
    "specnet-torch": lambda: train_specnet("torch"),
    "torch-eager": lambda: train_torch(compiled=False),
    "torch-compile": lambda: train_torch(compiled=True),
    "specnet-tensorflow": lambda: train_specnet("tensorflow"),
    "keras-towers": train_keras,
}


def first_step_done() -> None:
    os.write(1, b"first step done\n")
    os._exit(0)


def command(arguments: tuple[str, ...]) -> tuple[float, float]:
    """Wall-clock and processor seconds of a Python process."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return seconds, used.ru_utime + used.ru_stime


def first_step(name: str) -> float:
    """Seconds from the start of a process to the end of its first training step."""
    arguments = [sys.executable, str(HERE / "start_speed.py"), "--train", name]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = subprocess.run(arguments, cwd=folder, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - began
    assert "first step done" in process.stdout, process.stderr
    return seconds


def measure(names: list[str], rounds: int) -> dict[str, Any]:
    """Medians in seconds."""
    commands: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(4 * rounds + 1):
        for name, arguments in COMMANDS.items():
            commands[name].append(command(arguments))
    steps: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names:
            steps[name].append(first_step(name))
            print(f"round {turn} of {rounds}: {name} {steps[name][-1]:.1f} s", file=sys.stderr)
    return {
        "commands": {
            name: [statistics.median(column) for column in zip(*taken[1:], strict=True)]
            for name, taken in commands.items()
        },
        "first_step": {name: statistics.median(taken[1:]) for name, taken in steps.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=sorted(TRAINERS), metavar="NAME")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--train", choices=sorted(TRAINERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        TRAINERS[options.train]()
        return 1  # it did not get to a step
    found = measure(options.only or list(TRAINERS), options.rounds)
    print(f"{'':20} {'wall s':>8} {'CPU s':>8}")
    for name, (wall, used) in found["commands"].items():
        print(f"{name:20} {wall:8.3f} {used:8.3f}")
    print(f"{'':20} {'to the first step, s':>8}")
    for name, seconds in found["first_step"].items():
        print(f"{name:20} {seconds:8.1f}")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
