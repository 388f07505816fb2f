"""One contestant of step_speed.py: builds its network, then takes steps as it is told on standard input.

    python benchmarks/contestants.py NAME NET WHAT BATCH THREADS

Orders are `warm up`, `go N`, `peak` and `stop`; answers start with `= `. The peers are written as their users
write them, with their framework's own layers, optimizer and memory format.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SPECS = Path(__file__).parent.parent / "specs"
CLASSES = 1000
Step = Callable[[], object]


def data(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 224, 224) and labels."""
    random = np.random.default_rng(0)
    images = random.standard_normal((batch, 3, 224, 224), dtype=np.float32)
    return images, random.integers(0, CLASSES, batch)


def specnet(name: str, net: str, what: str, batch: int, threads: int) -> Step:
    """specnet itself, as `specnet train` and `specnet evaluate` run it once a batch is there.

    A name may go on with `plain` (without fast paths), `bfloat16`, and `merged` (the network in one group).
    """
    _, backend, *rest = name.split("-")
    if "plain" in rest:
        os.environ["SPECNET_FAST_PATHS"] = "0"
    if backend == "torch":
        import torch

        torch.set_num_threads(threads)
    else:
        _tensorflow(threads)
    from specnet.backend.batch import Batch
    from specnet.network.network import analyse
    from specnet.numerics.randomness import keep_mask
    from specnet.plans import plan as plans
    from specnet.spec import spec
    from specnet.training.compile import compile_plan, initialise

    precision = "bfloat16" if "bfloat16" in rest else "float32"
    path = SPECS / "variants" / f"{net}_merged.yaml" if "merged" in rest else SPECS / f"{net}.yaml"
    compiled = compile_plan(plans.make(analyse(spec.load(path))), backend, None, precision)
    initialise(compiled, 0, precision)
    images, labels = data(batch)
    executable, plan = compiled.executable, compiled.plan
    if what == "forward":
        (given,) = plan.inputs
        return lambda: executable.forward({given: images})
    masks = {
        step: keep_mask(0, step, samples=range(batch), shape=mask.shape, rate=mask.rate)
        for step, mask in plan.masks.items()
    }
    made = Batch(images, labels.astype(np.int64), masks)
    return lambda: float(executable.train_step(made, 1e-3))


def torch_peer(name: str, net: str, what: str, batch: int, threads: int) -> Step:
    """A hand-written module, eager or compiled, NCHW, with torch's own SGD."""
    import torch
    import torch_networks

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = torch_networks.NETWORKS[net]()
    images, labels = (torch.from_numpy(array) for array in data(batch))
    if what == "forward":
        model.eval()
        run = torch.compile(model) if name == "torch-compile" else model

        def forward() -> object:
            with torch.inference_mode():
                return run(images)

        return forward
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
    run = torch.compile(model) if name == "torch-compile" else model

    def train() -> object:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(run(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return train


def keras_peer(name: str, net: str, what: str, batch: int, threads: int) -> Step:
    """A functional Keras model, channels last, compiled with Keras's SGD."""
    _tensorflow(threads)
    import keras
    import keras_networks

    model = keras_networks.NETWORKS[f"{net}-groups" if name == "keras-groups" else net]()
    images, labels = data(batch)
    images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    if what == "forward":
        return lambda: model.predict_on_batch(images)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(1e-3, momentum=0.9), loss=loss)
    return lambda: model.train_on_batch(images, labels)


def onnxruntime_peer(name: str, net: str, what: str, batch: int, threads: int) -> Step:
    """The network as an ONNX graph in ONNX Runtime."""
    import onnxruntime
    from onnx_network import alexnet

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        alexnet(batch).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    images, _ = data(batch)
    return lambda: session.run(None, {"image": images})


PLAIN = ((32, 128, 128, 28, 3), (32, 256, 384, 13, 3), (32, 48, 128, 27, 5), (16, 512, 512, 14, 3))
"""Convolutions to look for the best rate among: images, channels, filters, size, kernel."""


def ceiling(name: str, net: str, what: str, batch: int, threads: int) -> Step:
    """The network's operations at the speed of the best plain convolution: a step is as many of them."""
    import torch
    from torch.nn.functional import conv2d

    from specnet.network.network import analyse
    from specnet.spec import spec
    from specnet.tables.build import make

    torch.set_num_threads(threads)
    table = make(analyse(spec.load(SPECS / f"{net}.yaml")))
    macs = table.totals.macs
    if what == "train":
        # Gradients of weights and of inputs; the images themselves need none.
        readers = [row for row in table.rows if row.reads == (table.rows[0].name,)]
        macs = 3 * macs - sum(row.macs for row in readers)
    last = torch.channels_last

    def convolution(shape: tuple[int, ...], images: int) -> Step:
        _, channels, filters, size, kernel = shape
        x = torch.randn(images, channels, size, size).contiguous(memory_format=last)
        w = torch.randn(filters, channels, kernel, kernel).contiguous(memory_format=last)
        return torch.inference_mode()(lambda: conv2d(x, w, padding=kernel // 2))

    def operations(shape: tuple[int, ...]) -> int:
        """Of one image."""
        _, channels, filters, size, kernel = shape
        return size**2 * channels * filters * kernel**2

    def rate(shape: tuple[int, ...]) -> float:
        run = convolution(shape, shape[0])
        run()
        began = time.perf_counter()
        for _ in range(5):
            run()
        return shape[0] * operations(shape) / (time.perf_counter() - began)

    best = max(PLAIN, key=rate)
    whole, rest = divmod(max(1, round(batch * macs / operations(best))), best[0])
    steps = [convolution(best, best[0])] * whole + [convolution(best, rest)] * (rest > 0)
    return lambda: [run() for run in steps]


def _tensorflow(threads: int) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)


def build(name: str, net: str, what: str, batch: int, threads: int) -> Step:
    makers = {"specnet": specnet, "torch": torch_peer, "keras": keras_peer, "onnxruntime": onnxruntime_peer}
    maker = ceiling if name == "ceiling" else makers[name.split("-", maxsplit=1)[0]]
    return maker(name, net, what, batch, threads)


def main() -> int:
    name, net, what, batch, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what frameworks print must not look like an answer
    step: Step | None = None

    def answer(text: object) -> None:
        print(f"= {text}", file=answers, flush=True)

    for line in sys.stdin:
        order, _, count = line.strip().partition(" ")
        if order == "warm":
            step = build(name, net, what, int(batch), int(threads))
            for _ in range(2):
                step()
            answer("ready")
        elif order == "go":
            assert step is not None
            began = time.perf_counter()
            for _ in range(int(count)):
                step()
            answer(time.perf_counter() - began)
        elif order == "peak":
            answer(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        else:
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
