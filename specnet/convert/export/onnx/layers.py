"""Layers without a window in ONNX's operators."""

from __future__ import annotations

import math

from specnet.convert.export.onnx.functions import applied
from specnet.convert.export.onnx.site import Site, emits
from specnet.convert.export.onnx.windows import cut


@emits("dense")
def dense(here: Site) -> str:
    row = (
        here.graph.add("Flatten", here.inputs, f"{here.name}.row", axis=1)
        if len(here.shapes[0]) > 1
        else here.inputs[0]
    )
    inputs = [row, here.graph.constant(f"{here.name}.weight", here.weights["weight"])]
    if "bias" in here.weights:
        inputs.append(here.graph.constant(f"{here.name}.bias", here.weights["bias"]))
    made = here.graph.add("Gemm", inputs, here.name, transB=1)
    return here.applied(made)


@emits("batch_norm")
def batch_norm(here: Site) -> str:
    import numpy as np

    usual = {"weight": np.ones(here.shapes[0][0]), "bias": np.zeros(here.shapes[0][0])}
    roles = ("weight", "bias", "running_mean", "running_var")
    given = [
        here.graph.constant(f"{here.name}.{role}", here.weights.get(role, usual.get(role))) for role in roles
    ]
    said = {"epsilon": here.layer.epsilon, "momentum": here.layer.momentum}
    made = here.graph.add("BatchNormalization", [here.inputs[0], *given], here.name, **said)
    return here.applied(made)


@emits("layer_norm")
def layer_norm(here: Site) -> str:
    """Over the last dimension, which the channels of an image become and stop being again."""
    import numpy as np

    is_image = len(here.shapes[0]) > 1
    source = (
        here.graph.add("Transpose", here.inputs, f"{here.name}.last", perm=[0, 2, 3, 1])
        if is_image
        else here.inputs[0]
    )
    inputs = [
        source,
        here.graph.constant(f"{here.name}.weight", here.weights.get("weight", np.ones(here.shapes[0][0]))),
    ]
    if "bias" in here.weights:
        inputs.append(here.graph.constant(f"{here.name}.bias", here.weights["bias"]))
    own = f"{here.name}.normalized" if is_image else here.name
    made = here.graph.add("LayerNormalization", inputs, own, axis=-1, epsilon=here.layer.epsilon)
    if is_image:
        made = here.graph.add("Transpose", [made], here.name, perm=[0, 3, 1, 2])
    return here.applied(made)


@emits("scale")
def scale(here: Site) -> str:
    sizes, made = (here.shapes[0][0], *[1] * (len(here.shapes[0]) - 1)), here.inputs[0]
    for role, kind in (("weight", "Mul"), ("bias", "Add")):
        if role in here.weights:
            own = here.name if role == "bias" or "bias" not in here.weights else f"{here.name}.scaled"
            values = here.weights[role].reshape(sizes)
            made = here.graph.add(kind, [made, here.graph.constant(f"{here.name}.{role}", values)], own)
    return here.applied(made)


@emits("dropout")
def dropout(here: Site) -> str:
    """Nothing at test, unless the scale is corrected then."""
    if here.layer.scale_at == "test":
        return here.graph.add(
            "Mul", [here.inputs[0], here.graph.constant(f"{here.name}.kept", 1 - here.layer.rate)], here.name
        )
    return here.graph.add(
        "Dropout", [here.inputs[0], here.graph.constant(f"{here.name}.rate", here.layer.rate)], here.name
    )


@emits("stochastic_depth")
def stochastic_depth(here: Site) -> str:
    return here.graph.add("Identity", here.inputs, here.name)


@emits("activation")
def activation(here: Site) -> str:
    return applied(here.graph, here.layer.function, here.inputs[0], here.name)


@emits("concat")
def concat(here: Site) -> str:
    """Where there is one value, already joined; others are joined by the walk."""
    return here.graph.add("Identity", here.inputs, here.name)


@emits("flatten")
def flatten(here: Site) -> str:
    return here.graph.add("Flatten", here.inputs, here.name, axis=1)


@emits("add")
def add(here: Site) -> str:
    made = here.graph.add("Add" if len(here.inputs) == 2 else "Sum", here.inputs, here.name)
    return here.applied(made)


@emits("multiply")
def multiply(here: Site) -> str:
    largest = max(here.shapes, key=lambda shape: (math.prod(shape), len(shape)))
    factors = []
    for value, shape in zip(here.inputs, here.shapes, strict=True):
        if len(shape) < len(largest):
            axes = here.graph.numbers(f"{here.name}.axes", range(2, 2 + len(largest) - len(shape)))
            value = here.graph.add("Unsqueeze", [value, axes], f"{here.name}.factor")
        factors.append(value)
    made = factors[0]
    for index, factor in enumerate(factors[1:], start=1):
        made = here.graph.add(
            "Mul", [made, factor], here.name if index == len(factors) - 1 else f"{here.name}.product"
        )
    return here.applied(made)


@emits("slice")
def slice_(here: Site) -> str:
    start, stop = here.layer.channels
    return cut(here.graph, here.inputs[0], here.name, [start], [stop], [1], [1])


@emits("channel_shuffle")
def channel_shuffle(here: Site) -> str:
    channels, *window = here.shapes[0]
    blocks = [0, here.layer.groups, channels // here.layer.groups, *window]
    cut = here.graph.add(
        "Reshape", [here.inputs[0], here.graph.numbers(f"{here.name}.blocks", blocks)], f"{here.name}.cut"
    )
    dealt = here.graph.add("Transpose", [cut], f"{here.name}.dealt", perm=[0, 2, 1, *range(3, len(blocks))])
    return here.graph.add(
        "Reshape", [dealt, here.graph.numbers(f"{here.name}.shape", [0, channels, *window])], here.name
    )


@emits("maxout")
def maxout(here: Site) -> str:
    channels, *window = here.shapes[0]
    pieces = [0, channels // here.layer.pieces, here.layer.pieces, *window]
    cut = here.graph.add(
        "Reshape", [here.inputs[0], here.graph.numbers(f"{here.name}.pieces", pieces)], f"{here.name}.cut"
    )
    return here.graph.add(
        "ReduceMax", [cut, here.graph.numbers(f"{here.name}.axis", [2])], here.name, keepdims=0
    )
