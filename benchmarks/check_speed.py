"""How fast specs are read, checked and tabulated, beside building and inferring the same network elsewhere.

    python benchmarks/check_speed.py [--rounds 5] [--json FILE]

A chain of 10,000 convolutions, batch normalizations and ReLUs, in interleaved rounds:

    specnet   parse the YAML, validate it, print the table
    keras     build the functional model and count its parameters  (needs the extra `tensorflow`)
    onnx      make the graph and infer its shapes                  (needs the extra `bench`)

Then the same with 100,000 layers, without recursion at 50,000, and the start of `specnet validate`. Exits
with 1 if 10,000 layers take over 2 s, 100,000 layers over 12 times that, or the command over its budget.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from start_speed import command

from specnet.network import network
from specnet.syntax import document
from specnet.tables import build

ALEXNET = Path(__file__).parent.parent / "specs" / "alexnet.yaml"
SECONDS = 2.0
GROWTH = 12.0
START = 0.4
LAYERS = 10_000
KINDS = ("conv, filters: 16, kernel: 3, padding: 1", "batch_norm", "activation, function: relu")


def chain(layers: int) -> str:
    """A spec of convolutions, normalizations and activations one after another."""
    lines = ["specnet: 1", "name: chain", "layers:", "  l0: {kind: input, shape: [3, 32, 32]}"]
    lines += [f"  l{i}: {{from: l{i - 1}, kind: {KINDS[(i - 1) % len(KINDS)]}}}" for i in range(1, layers)]
    return "\n".join(lines)


def with_specnet(layers: int) -> int:
    table = build.make(network.examine(document.parse(chain(layers))).valid())
    assert str(table).count("\n") > layers
    return table.totals.parameters


def with_keras(layers: int) -> int:
    """In a thread with room for it: Keras follows a chain from layer to layer by recursion."""
    found: list[int] = []
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20 * layers)
    threading.stack_size(1 << 30)
    thread = threading.Thread(target=lambda: found.append(_with_keras(layers)))
    thread.start()
    thread.join()
    sys.setrecursionlimit(before)
    return found[0]


def _with_keras(layers: int) -> int:
    import keras

    keras.backend.clear_session()
    image = value = keras.Input((32, 32, 3))
    for i in range(1, layers):
        match (i - 1) % len(KINDS):
            case 0:
                value = keras.layers.Conv2D(16, 3, padding="same")(value)
            case 1:
                value = keras.layers.BatchNormalization()(value)
            case _:
                value = keras.layers.ReLU()(value)
    model = keras.Model(image, value)
    return sum(int(weight.shape.num_elements()) for weight in model.trainable_weights)


def with_onnx(layers: int) -> int:
    from onnx import TensorProto, helper, shape_inference

    real = TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("l0", real, [1, 3, 32, 32])]
    nodes, parameters, channels = [], 0, 3
    for i in range(1, layers):
        below, name = f"l{i - 1}", f"l{i}"
        match (i - 1) % len(KINDS):
            case 0:
                shape = [16, channels, 3, 3]
                inputs.append(helper.make_tensor_value_info(f"{name}.w", real, shape))
                inputs.append(helper.make_tensor_value_info(f"{name}.b", real, [16]))
                read = [below, f"{name}.w", f"{name}.b"]
                nodes.append(helper.make_node("Conv", read, [name], kernel_shape=[3, 3], pads=[1] * 4))
                parameters, channels = parameters + 16 * channels * 9 + 16, 16
            case 1:
                read = [f"{name}.{role}" for role in ("scale", "shift", "mean", "var")]
                inputs += [helper.make_tensor_value_info(role, real, [16]) for role in read]
                nodes.append(helper.make_node("BatchNormalization", [below, *read], [name]))
                parameters += 32
            case _:
                nodes.append(helper.make_node("Relu", [below], [name]))
    output = helper.make_tensor_value_info(f"l{layers - 1}", real, None)
    model = helper.make_model(helper.make_graph(nodes, "chain", inputs, [output]))
    inferred = shape_inference.infer_shapes(model, strict_mode=True)
    assert len(inferred.graph.value_info) >= layers - 2
    return parameters


PEERS: dict[str, tuple[Callable[[int], int], str]] = {
    "specnet": (with_specnet, "specnet"),
    "keras": (with_keras, "keras"),
    "onnx": (with_onnx, "onnx"),
}


def seconds(run: Callable[[int], int], layers: int) -> tuple[float, int]:
    began = time.perf_counter()
    parameters = run(layers)
    return time.perf_counter() - began, parameters


def beside(rounds: int) -> dict[str, float]:
    """The median seconds of everybody who is installed, in interleaved rounds after one that warms up."""
    from importlib.util import find_spec

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    present = {name: run for name, (run, module) in PEERS.items() if find_spec(module)}
    taken: dict[str, list[float]] = {name: [] for name in present}
    for _ in range(rounds + 1):
        found = {name: seconds(run, LAYERS) for name, run in present.items()}
        assert len({parameters for _, parameters in found.values()}) == 1, "they build the same network"
        for name, (spent, _) in found.items():
            taken[name].append(spent)
            print(f"  {name}: {spent:.2f} s", file=sys.stderr)
    return {name: statistics.median(spent[1:]) for name, spent in taken.items()}


def started(*arguments: str) -> float:
    """The median time of a Python process."""
    return statistics.median(command(arguments)[0] for _ in range(7))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    large = min(seconds(with_specnet, 10 * LAYERS)[0] for _ in range(2))
    small = min(seconds(with_specnet, LAYERS)[0] for _ in range(5))
    seconds(with_specnet, 50_000)  # no recursion
    start = started("-m", "specnet", "validate", str(ALEXNET)) - started("-c", "pass")
    medians = beside(options.rounds)
    print(f"10,000 layers: {small:.2f} s (at most {SECONDS} s)")
    print(f"100,000 layers: {large:.2f} s, {large / small:.1f} times that (at most {GROWTH:.0f})")
    print(f"specnet validate alexnet.yaml: {start:.2f} s beyond Python's start (at most {START} s)")
    for name, spent in medians.items():
        print(f"{name}: {spent:.2f} s for 10,000 layers, {spent / medians['specnet']:.1f} times specnet's")
    if options.json:
        result: dict[str, Any] = {
            "small": small, "large": large, "start": start, "medians": medians, "rounds": options.rounds
        }  # fmt: skip
        Path(options.json).write_text(json.dumps(result, indent=1) + "\n")
    return 0 if small <= SECONDS and large <= GROWTH * small and start <= START else 1


if __name__ == "__main__":
    sys.exit(main())
