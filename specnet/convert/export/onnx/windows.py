"""Layers with a window in ONNX's operators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from specnet.convert.export.onnx.graph import Graph
from specnet.convert.export.onnx.site import Site, emits

if TYPE_CHECKING:
    from specnet.layers.window import Pads


def _pads(pads: Pads) -> list[int] | None:
    sides = [pads.top, pads.left, pads.bottom, pads.right]
    return sides if any(sides) else None


def _plain(pair: Sequence[int]) -> list[int] | None:
    return list(pair) if tuple(pair) != (1, 1) else None


@emits("conv")
def conv(here: Site) -> str:
    return convolution(here, here.layer.groups) if here.layer.shared else _local(here)


def _local(here: Site) -> str:
    """Kernels of each pixel's own: the windows of the image as channels, times the kernels, in blocks."""
    import numpy as np

    graph, layer, name = here.graph, here.layer, here.name
    channels, (high, wide), blocks = here.shapes[0][0], layer.kernel, layer.groups
    pick = np.tile(np.eye(high * wide, dtype=np.float32).reshape(-1, 1, high, wide), (channels, 1, 1, 1))
    seen = graph.add(
        "Conv",
        [here.inputs[0], graph.constant(f"{name}.pick", pick)],
        f"{name}.windows",
        strides=_plain(layer.stride),
        pads=_pads(layer.window(here.shapes[0])[0]),
        dilations=_plain(layer.dilation),
        group=channels,
    )
    weight = here.weights["weight"]
    rows, columns = weight.shape[4:]
    cut = graph.numbers(f"{name}.blocks", [0, blocks, channels // blocks * high * wide, rows, columns])
    windows = graph.add("Reshape", [seen, cut], f"{name}.cut")
    own = weight.reshape(blocks, layer.filters // blocks, -1, rows, columns)
    inputs = [windows, graph.constant(f"{name}.weight", own)]
    product = graph.add("Einsum", inputs, f"{name}.product", equation="ngpij,gopij->ngoij")
    shape = graph.numbers(f"{name}.shape", [0, layer.filters, rows, columns])
    made = graph.add("Reshape", [product, shape], f"{name}.sum" if "bias" in here.weights else name)
    if "bias" in here.weights:
        made = graph.add("Add", [made, graph.constant(f"{name}.bias", here.weights["bias"])], name)
    return here.applied(made)


def convolution(here: Site, groups: int) -> str:
    """A convolution in blocks."""
    inputs = [here.inputs[0], here.graph.constant(f"{here.name}.weight", here.weights["weight"])]
    if "bias" in here.weights:
        inputs.append(here.graph.constant(f"{here.name}.bias", here.weights["bias"]))
    made = here.graph.add(
        "Conv",
        inputs,
        here.name,
        kernel_shape=list(here.layer.kernel),
        strides=_plain(here.layer.stride),
        pads=_pads(here.layer.window(here.shapes[0])[0]),
        dilations=_plain(here.layer.dilation),
        group=groups if groups > 1 else None,
    )
    return here.applied(made)


@emits("random_connections")
def random_connections(here: Site) -> str:
    """A convolution of all channels, with zeros where a filter does not read one."""
    import numpy as np

    spread = np.zeros((here.layer.filters, here.shapes[0][0], *here.layer.kernel), np.float32)
    for filter_, channels in enumerate(here.layer.channels(here.shapes[0])):
        spread[filter_, channels] = here.weights["weight"][filter_]
    return convolution(here._replace(weights={**here.weights, "weight": spread}), 1)


@emits("max_pool")
def max_pool(here: Site) -> str:
    said = {"kernel_shape": list(here.layer.kernel), "strides": list(here.layer.stride)}
    made = here.graph.add(
        "MaxPool", here.inputs, here.name, pads=_pads(here.layer.window(here.shapes[0])[0]), **said
    )
    return here.applied(made)


@emits("avg_pool")
def avg_pool(here: Site) -> str:
    """What counts of the padding is zeros in front of the pool, unless all of it does."""
    pads, counted = here.layer.window(here.shapes[0])[0], here.layer.counted_padding(here.shapes[0])
    said = {"kernel_shape": list(here.layer.kernel), "strides": list(here.layer.stride)}
    if any(pads) and pads == counted:
        made = here.graph.add(
            "AveragePool", here.inputs, here.name, pads=_pads(pads), count_include_pad=1, **said
        )
        return here.applied(made)
    source = here.inputs[0]
    if any(counted):
        source = zeros(here.graph, source, counted, f"{here.name}.padded")
        pads = type(pads)(*(a - b for a, b in zip(pads, counted, strict=True)))
    made = here.graph.add("AveragePool", [source], here.name, pads=_pads(pads), **said)
    return here.applied(made)


def zeros(graph: Graph, x: str, pads: Pads, name: str) -> str:
    """Zeros around an image; negative numbers cut."""
    sides = [0, 0, pads.top, pads.left, 0, 0, pads.bottom, pads.right]
    return graph.add("Pad", [x, graph.numbers(f"{name}.pads", sides)], name)


@emits("pad")
def pad(here: Site) -> str:
    from specnet.layers.window import Pads

    return zeros(here.graph, here.inputs[0], Pads(*here.layer.padding), here.name)


@emits("global_avg_pool", "global_max_pool")
def global_pool(here: Site) -> str:
    kind = "GlobalAveragePool" if here.layer.kind == "global_avg_pool" else "GlobalMaxPool"
    made = here.graph.add(kind, here.inputs, here.name)
    return made if here.layer.keep_dims else here.graph.add("Flatten", [made], f"{here.name}.row", axis=1)


@emits("lrn")
def lrn(here: Site) -> str:
    """ONNX's alpha is over the size. A window within each map is a mean of squares, times its pixels."""
    if here.layer.region == "across":
        alpha = here.layer.scale() * here.layer.size
        return here.graph.add(
            "LRN",
            here.inputs,
            here.name,
            size=here.layer.size,
            alpha=alpha,
            beta=here.layer.beta,
            bias=here.layer.k,
        )
    down, right = here.layer.reach_within(here.shapes[0])
    kernel, pads = [2 * down + 1, 2 * right + 1], [down, right, down, right]
    squares = here.graph.add("Mul", [here.inputs[0], here.inputs[0]], f"{here.name}.squares")
    means = here.graph.add(
        "AveragePool", [squares], f"{here.name}.means", kernel_shape=kernel, pads=pads, count_include_pad=1
    )
    factor = here.graph.constant(f"{here.name}.alpha", here.layer.scale() * math.prod(kernel))
    scaled = here.graph.add("Mul", [means, factor], f"{here.name}.scaled")
    sums = here.graph.add(
        "Add", [scaled, here.graph.constant(f"{here.name}.k", here.layer.k)], f"{here.name}.sums"
    )
    divisor = here.graph.add(
        "Pow", [sums, here.graph.constant(f"{here.name}.beta", here.layer.beta)], f"{here.name}.divisor"
    )
    return here.graph.add("Div", [here.inputs[0], divisor], here.name)


@emits("subsample")
def subsample(here: Site) -> str:
    _, height, width = here.shapes[0]
    return cut(
        here.graph,
        here.inputs[0],
        here.name,
        list(here.layer.start),
        [height, width],
        [2, 3],
        list(here.layer.stride),
    )


@emits("blur")
def blur(here: Site) -> str:
    """Each channel's rows and columns filtered by a convolution that leaves the channels apart."""
    import numpy as np

    channels, height, width = here.shapes[0]
    made = here.inputs[0]
    for axis, size in enumerate((height, width)):
        taps = np.asarray(here.layer.taps(size - 1), np.float32)
        reach, kernel = len(taps) // 2, [1, 1]
        kernel[axis] = len(taps)
        pads = [reach, 0, reach, 0] if axis == 0 else [0, reach, 0, reach]
        filters = np.broadcast_to(taps.reshape(kernel), (channels, 1, *kernel))
        weight = here.graph.constant(f"{here.name}.{('down', 'across')[axis]}", filters)
        own = f"{here.name}.rows" if axis == 0 else here.name
        made = here.graph.add("Conv", [made, weight], own, kernel_shape=kernel, pads=pads, group=channels)
    return made


def cut(
    graph: Graph, x: str, name: str, starts: list[int], ends: list[int], axes: list[int], steps: list[int]
) -> str:
    lists = (("starts", starts), ("ends", ends), ("axes", axes), ("steps", steps))
    return graph.add("Slice", [x, *(graph.numbers(f"{name}.{key}", value) for key, value in lists)], name)
