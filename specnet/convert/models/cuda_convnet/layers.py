"""What each type of layer becomes."""

from __future__ import annotations

import re
from typing import Any

from specnet.convert.models.cuda_convnet.walk import LABELS, Cost, Node, Shown, layer_type
from specnet.convert.models.draft import Part, UnsayableError, output_shape

CHANNELS = 3
FUNCTIONS = {"logistic": "sigmoid", "relu": "relu", "softrelu": "softplus"}
_NEURON = re.compile(r"(tanh|linear|brelu)\s*\[\s*([-\d.,\s]*)\]")


@layer_type("data")
def data(node: Node) -> Shown:
    """The first data of a file are the images, all others labels; their sizes are those of the data."""
    section = node.section
    if section.whole("dataIdx", 0) != 0 and not section.has("end"):
        return LABELS
    if node.walk.image is None:
        hint = "--image-size 224, or --image-size 1x28x28 with the channels"
        raise section.refuse("the size of its images is that of the data, which are not read", "", hint)
    channels, height, width = node.walk.image
    if channels is None and node.name in node.walk.readers:
        channels = node.walk.readers[node.name].wholes("channels")[0]
    if channels is None:
        node.draft.assumed.append(f"layers.{node.name}.shape")
    return node.add("input", [], shape=[channels or CHANNELS, height, width])


def finish(node: Node, made: Shown) -> Shown:
    """Apply the neuron and the dropout that a layer says beside its own work."""
    if not isinstance(made, Part):
        return made
    if node.section.has("neuron") and node.section.text("type") != "neuron":
        made = neuron(node, made, f"{node.name}_neuron")
    rate = node.params.number("dropout", 0.0)
    return node.add("dropout", [made], f"{node.name}_dropout", rate=rate, scale_at="test") if rate else made


@layer_type("neuron")
def neuron_layer(node: Node) -> Shown:
    return neuron(node, node.part(), node.name)


def neuron(node: Node, part: Part, name: str) -> Part:
    """The function that a neuron applies."""
    said = node.section.text("neuron").strip()
    if said in FUNCTIONS:
        return node.add("activation", [part], name, function=FUNCTIONS[said])
    if said == "ident":
        return part
    found = _NEURON.fullmatch(said)
    numbers = (
        [float(n) for n in found[2].split(",") if re.fullmatch(r"\s*-?\d+(\.\d*)?\s*|\s*-?\.\d+\s*", n)]
        if found
        else []
    )
    kind = found[1] if found else ""
    if kind == "tanh" and len(numbers) == 2:
        written = {"kind": "scaled_tanh", "amplitude": numbers[0], "slope": numbers[1]}
        return node.add("activation", [part], name, function="tanh" if numbers == [1, 1] else written)
    if kind == "linear" and len(numbers) == 2:
        return node.add("scale", [part], name, gain=numbers[0], offset=numbers[1] or "none", trainable=False)
    if kind == "brelu" and numbers == [6]:
        return node.add("activation", [part], name, function="relu6")
    hint = "ident, logistic, relu, softrelu, tanh[a,b], linear[a,b] and brelu[6] have"
    raise node.section.refuse(f"the neuron {said} has no meaning in a spec", "neuron", hint)


def _weights(node: Node) -> dict[str, Any]:
    """Biases and initial values of a layer."""
    section = node.section
    if any(section.names("weightSource", [])):
        raise section.refuse(
            "it shares weights with another layer, and each has its own here", "weightSource"
        )
    for key in ("initWFunc", "initBFunc", "initCFunc"):
        if section.text(key, ""):
            node.draft.lost.append(
                f"'{node.name}' starts from what a program gives ({key}), which is not run."
            )
    spreads = section.numbers("initW", [0.01])
    if len(set(spreads)) > 1:
        node.draft.lost.append(
            f"'{node.name}' starts its weights with a deviation for each input; the first holds."
        )
    fields: dict[str, Any] = {"bias": section.number("initB", 0.0)}
    if not section.text("initWFunc", ""):
        fields["weights"] = {"kind": "normal", "std": abs(spreads[0])}
    return fields


@layer_type("conv", "local")
def conv(node: Node) -> Shown:
    section, parts = node.section, node.parts(1, 100)
    node.check_channels(parts)
    groups, kernel, stride = node.alike("groups", 1), node.alike("filterSize"), node.alike("stride", 1)
    pad = abs(node.alike("padding", 0))  # the layers themselves hold it with the other sign
    filters = node.alike("filters") * groups
    is_local = section.text("type") == "local"
    if not is_local and not section.flag("sharedBiases", True):
        raise section.refuse("biases of each pixel beside shared weights are not known here", "sharedBiases")
    is_sparse = any(text.lower() in ("1", "true") for text in section.names("randSparse", []))
    if len(parts) > 1 and (groups > 1 or is_sparse):
        raise section.refuse("blocks of several inputs are not known here", "groups")
    fields: dict[str, Any] = {
        "filters": filters,
        "kernel": kernel,
        "stride": stride,
        "padding": pad,
        **_weights(node),
    }
    fields["groups"] = groups
    kind = "conv"
    if is_sparse:
        kind = "random_connections"
        fields["connections"] = node.alike("filterChannels", max(1, parts[0].shape[0] // groups))
        if is_local:
            raise section.refuse("random connections of local layers are not known here", "randSparse")
    elif is_local:
        fields["shared"] = False
    size = parts[0].shape[1]
    count = section.whole("modulesX", 0) or 1 - (kernel - size - 2 * pad) // max(1, stride)
    made = _of_size(node, kind, parts, fields, count)
    node.walk.trained[made] = section
    return made


def _of_size(node: Node, kind: str, parts: list[Part], fields: dict[str, Any], count: int) -> Part:
    """The layer with the rounding that gives so many rows."""
    for rounding in ("floor", "ceil"):
        probe = Part(
            "probe", kind, {**fields, "rounding": rounding}, parts, node.section.place, parts[0].shape
        )
        try:
            if output_shape(probe.layer(), parts, node.section.place)[1] == count:
                return node.add(kind, parts, rounding=rounding, **fields)
        except UnsayableError:
            if rounding == "floor":
                raise
    raise node.section.refuse(f"it gives {count} rows, which no rounding here does")


@layer_type("fc")
def dense(node: Node) -> Shown:
    parts = node.parts(1, 100)
    if any(part.shape[1:] != parts[0].shape[1:] for part in parts):
        raise node.section.refuse("its inputs cannot be joined along the channels", "inputs")
    made = node.add("dense", parts, units=node.section.whole("outputs"), **_weights(node))
    node.walk.trained[made] = node.section
    return made


@layer_type("pool")
def pool(node: Node) -> Shown:
    section, part = node.section, node.image()
    method = section.text("pool")
    if method not in ("max", "avg") or section.flag("sum", False):
        raise section.refuse("only the maximum and the mean of a window are known here", "pool")
    start, size, stride = section.whole("start", 0), section.whole("sizeX"), section.whole("stride")
    if start > 0:
        raise section.refuse("windows that begin inside the image are not known here", "start")
    if stride < 1:
        raise section.refuse("its windows lie at least one pixel apart", "stride")
    rows = part.shape[1]
    count = section.whole("outputsX", 0) or 1 - (size - rows + start) // stride
    behind = max(0, (count - 1) * stride + size - rows + start)
    kind = f"{method}_pool"
    fields: dict[str, Any] = {"kernel": size, "stride": stride, "padding": [-start, 0, -start, 0]}
    whole = {**fields, "padding": [-start, behind, -start, behind]}
    try:
        return _of_size(node, kind, [part], fields, count)
    except UnsayableError:
        return _of_size(node, kind, [part], whole, count)


@layer_type("cmpool")
def maxout(node: Node) -> Shown:
    section, part = node.section, node.image()
    size, outputs = section.whole("size"), section.whole("outputs", 0)
    if section.whole("start", 0) or section.whole("stride") != size or outputs * size != part.shape[0]:
        raise section.refuse("only maxima of blocks of channels that do not overlap are known here", "size")
    return node.add("maxout", [part], pieces=size)


@layer_type("rnorm", "cmrnorm")
def norm(node: Node) -> Shown:
    section, part = node.section, node.image()
    if section.flag("blocked", False):
        raise section.refuse("a normalization of blocks of maps is not known here", "blocked")
    params = node.params
    if node.name not in node.walk.params:
        hint = "--params layer-params.cfg"
        raise section.refuse("its scale and its power are in the file of parameters", "type", hint)
    within = section.text("type") == "rnorm"
    return node.add(
        "lrn",
        [part],
        size=section.whole("size"),
        k=params.number("minDiv", 1.0),
        alpha=params.number("scale"),
        beta=params.number("pow"),
        alpha_over="size",
        region="within" if within else None,
    )


@layer_type("nailbed")
def nailbed(node: Node) -> Shown:
    section, part = node.section, node.image()
    stride, rows = section.whole("stride"), part.shape[1]
    if stride < 1:
        raise section.refuse("its pixels lie at least one apart", "stride")
    start = section.whole("start", (rows - stride * ((rows + stride - 1) // stride - 1)) // 2)
    return node.add("subsample", [part], stride=stride, start=start)


@layer_type("blur")
def blur(node: Node) -> Shown:
    section = node.section
    return node.add("blur", [node.image()], size=section.whole("filterSize"), std=section.number("stdev"))


@layer_type("crop")
def crop(node: Node) -> Shown:
    section, part = node.section, node.image()
    left, size = section.whole("startX"), section.whole("sizeX")
    top, (_, height, width) = section.whole("startY", left), part.shape
    pads = [-top, top + size - height, -left, left + size - width]
    return node.add("pad", [part], padding=pads)


@layer_type("eltsum")
def add(node: Node) -> Shown:
    parts = node.parts(2, 100)
    if any(number != 1 for number in node.params.numbers("coeffs", [1.0])):
        raise node.params.refuse(
            "a sum is of whole layers here; other coefficients than 1 are not known", "coeffs"
        )
    return node.add("add", parts)


@layer_type("concat")
def concat(node: Node) -> Shown:
    parts = node.parts(1, 100)
    return node.add("concat", parts) if len(parts) > 1 else parts[0]


@layer_type("dropout", "dropout2")
def dropout(node: Node) -> Shown:
    """`dropout` divides by what is kept in training, `dropout2` multiplies by it at test (`layer.cu`)."""
    if not node.params.flag("enable", True):
        return node.part()
    at = "train" if node.section.text("type") == "dropout" else "test"
    keep = node.params.number("keep", 0.5)
    return node.add("dropout", [node.part()], rate=round(1 - keep, 12), scale_at=at)


@layer_type("softmax")
def softmax(node: Node) -> Shown:
    return node.add("activation", [node.part()], function="softmax")


@layer_type("cost.logreg")
def logreg(node: Node) -> Shown:
    """The cost of a softmax of logits, which are what the loss here reads."""
    part = node.walk.values[node.inputs[-1]] if len(node.inputs) == 2 else None
    if not isinstance(part, Part) or part.fields.get("function") != "softmax":
        raise node.section.refuse("it reads the labels and a softmax", "inputs")
    weight = node.params.number("coeff", 1.0)
    cost = Cost("softmax_cross_entropy", part.reads[0], weight, node.section, node.params.whole("topk", 1))
    if weight > 0:
        node.walk.costs.append(cost)
    return LABELS
