"""Networks around the layers that are checked by themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from specnet.testing.cases.layers import IMAGE, VARIANTS, WINDOWS
from specnet.testing.cases.net import Fields, Net, net


def alone(name: str) -> Net:
    """The layer by itself: its inputs are the network's, its output is the network's."""
    shapes, layer = VARIANTS[name]
    inputs = {f"x{i}": {"kind": "input", "shape": list(shape)} for i, shape in enumerate(shapes)}
    return net(name, {**inputs, "tested": {**layer, "from": list(inputs)}})


def between(name: str) -> Net:
    """The layer between others that have weights, so that its inputs' gradients show in theirs."""
    shapes, layer = VARIANTS[name]
    # A bias in front of a batch norm would have the gradient 0, which no two programs round alike.
    bias = "none" if layer["kind"] == "batch_norm" else 0
    image = max(shapes, key=math.prod)
    lifts = {f"lift{i}": {**_lift(image, shape), "bias": bias} for i, shape in enumerate(shapes)}
    layers: dict[str, Fields] = {
        "image": {"kind": "input", "shape": list(image)},
        **lifts,
        "tested": {**layer, "from": list(lifts)},
        "head": {"kind": "dense", "units": 3, "from": "tested"},
    }
    return net(name, layers, loss="head")


def _lift(image: Sequence[int], shape: Sequence[int]) -> dict[str, Any]:
    """A layer with weights that makes values of `shape` from the network's input."""
    if len(shape) == 1:
        return {"kind": "dense", "from": "image", "units": shape[0]}
    kernel = [size - own + 1 for size, own in zip(image[1:], shape[1:], strict=True)]
    return {"kind": "conv", "from": "image", "filters": shape[0], "kernel": kernel}


ALONE = [alone(name) for name in VARIANTS]
BETWEEN = [between(name) for name in VARIANTS]

BATCH_NORM = between("batch_norm of an image")


def tied(name: str, layer: Fields) -> Net:
    """A maximum of a ReLU. Its equal pixels are sums of unequal ones, so that a choice shows."""
    layers: dict[str, Fields] = {
        "image": {"kind": "input", "shape": list(IMAGE)},
        "lift": {"kind": "conv", "from": "image", "filters": 6, "kernel": 1, "activation": "relu"},
        "tested": {**layer, "from": "lift"},
        "head": {"kind": "dense", "units": 3, "from": "tested"},
    }
    return net(f"ties, {name}", layers, loss="head")


TIES = [
    *(tied(name, {"kind": "max_pool", **window}) for name, window in WINDOWS.items()),
    tied("global_max_pool", {"kind": "global_max_pool"}),
    tied("maxout", {"kind": "maxout", "pieces": 3}),
]
