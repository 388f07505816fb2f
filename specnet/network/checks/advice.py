"""Warnings: what is allowed in a valid network and yet is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.layers.input import Input
from specnet.layers.lrn import LRN
from specnet.layers.window import Windowed
from specnet.network.graph import Graph, Node
from specnet.network.shapes import Share, full_shape
from specnet.recipe.training import fits
from specnet.spec.spec import Spec
from specnet.text import describe, plural

SHOWN = 8
"""Layers that a message names."""
COLOURS = (1, 3, 4)
"""Channels that images have: grey, RGB, and RGB with transparency."""
PAPER_MAPS = 5
"""Maps in the sum of the paper's response normalization (section 3.3)."""
UNEVEN = 3
"""A group with that many times the parameters of another is worth a word ..."""
UNEVEN_PARAMETERS = 1_000_000
"""... where the difference is at least this many."""


def advice_on_graph(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> list[Diagnostic]:
    """Warnings about the layers that have shapes, where others may have none."""
    return [*_unread(spec, graph, shares), *_logits(spec), *_radii(spec), *_channels_last(spec)]


def advice(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> list[Diagnostic]:
    """All further warnings about a valid network."""
    return [
        *_dropped_pixels(spec, graph, shares),
        *_uneven_groups(spec, graph, shares),
        *_classes(spec, graph, shares),
        *_images(spec, graph, shares),
    ]


def _warning(
    spec: Spec, code: str, message: str, hint: str, path: tuple[str | int, ...], *, key: bool = False
) -> Diagnostic:
    return Diagnostic(code, message, spec.locate(path, key=key), hint, severity="warning")


def _unread(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> Iterator[Diagnostic]:
    """Layers that feed nothing although another layer is the output."""
    sinks = graph.sinks()
    useful: set[str] = set()
    for output in spec.training.loss.sources.values() if spec.training else sinks[-1:]:
        useful |= _behind(spec, output, useful)
    for name in sinks:
        if name not in useful and Node(name, graph.groups[name][-1]) in shares:
            vain = [layer for layer in _behind(spec, name, useful) if layer != name]
            useful.update(vain)  # each is named once
            why = f", so {_listed(vain)} {'is' if len(vain) == 1 else 'are'} computed in vain" if vain else ""
            message, hint = f"layer '{name}' feeds nothing{why}", "read it somewhere, or remove it"
            yield _warning(spec, "SN305", message, hint, ("layers", name), key=True)


def _behind(spec: Spec, name: str, known: set[str]) -> set[str]:
    """A layer and all that it is computed from, as far as that is not known already."""
    found, waiting = {name}, [name]
    while waiting:
        for source in spec.layers[waiting.pop()].inputs:
            if source not in found and source not in known:
                found.add(source)
                waiting.append(source)
    return found


def _listed(names: list[str]) -> str:
    shown = sorted(names)[:SHOWN]
    more = f" and {plural(len(names) - SHOWN, 'other')}" if len(names) > SHOWN else ""
    return ", ".join(shown) + more


def _dropped_pixels(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> Iterator[Diagnostic]:
    """Windows that stop short of the input's last rows or columns because the output size is rounded down.

    A window smaller than its stride leaves pixels out everywhere and on purpose, and a rounding that is
    written out was thought about; neither is meant here.
    """
    for name in graph.order:
        layer = graph.shares[name]
        if not isinstance(layer, Windowed) or "rounding" in layer.model_fields_set:
            continue
        shape = shares[Node(name, graph.groups[name][0])].inputs[0]
        lost = [_lost(layer, axis, shape[1 + axis]) for axis in (0, 1)]
        parts = [plural(n, noun) for n, noun in zip(lost, ("row", "column"), strict=True) if n]
        if parts:
            message = f"layer '{name}': no window reaches the last {' and '.join(parts)} of {describe(shape)}"
            hint = "rounding: ceil keeps them, and rounding: floor says that they may go"
            yield _warning(spec, "SN405", message, hint, ("layers", name, "kernel"))


def _lost(layer: Windowed, axis: int, size: int) -> int:
    """Pixels of the input beyond the last window, along the height (0) or the width (1)."""
    if layer.padding == "same" or layer.kernel[axis] < layer.stride[axis]:
        return 0
    before, after = layer.padding[2 * axis], layer.padding[2 * axis + 1]
    return max(0, (size + before + after - layer.kernel[axis]) % layer.stride[axis] - after)


def _uneven_groups(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> Iterator[Diagnostic]:
    """Groups that hold no layer, or many more parameters than another."""
    if len(spec.groups) < 2:
        return
    held = dict.fromkeys(spec.groups, 0)
    used = {
        g for name in graph.order if not isinstance(graph.shares[name], Input) for g in graph.groups[name]
    }
    for node, share in shares.items():
        held[node.group] += sum(w.size for w in share.parameters().values() if w.trainable)
    for index, group in enumerate(spec.groups):
        if group not in used:
            hint = "put a layer on it (group: NAME), or remove the group"
            yield _warning(spec, "SN508", f"no layer lives on group '{group}'", hint, ("groups", index))
    least, most = min(used, key=held.__getitem__), max(used, key=held.__getitem__)
    if held[most] >= UNEVEN * held[least] and held[most] - held[least] >= UNEVEN_PARAMETERS:
        message = f"group '{most}' holds {held[most]:,} parameters and '{least}' only {held[least]:,}"
        hint = f"split the largest layers over both, or move some to '{least}'"
        yield _warning(spec, "SN509", message, hint, ("groups", spec.groups.index(most)))


def _logits(spec: Spec) -> Iterator[Diagnostic]:
    """A loss on something that is no logits: behind dropout, an activation function, or both."""
    applied = spec.training.loss.head.function if spec.training else None
    if spec.training is None or applied is None:
        return
    name = spec.training.loss.head_layer
    place = ("training", "loss", spec.training.loss.reading_keys()[0])
    layer = spec.layers[name]
    while layer.drop_rate() is not None:
        message = f"the loss reads '{name}', whose dropout sets logits to zero at random"
        yield _warning(spec, "SN605", message, f"read {layer.inputs[0]}: the loss takes logits", place)
        name = layer.inputs[0]
        layer = spec.layers[name]
    function = getattr(layer, "activation", None) or getattr(layer, "function", None)
    if function == applied:
        message = f"the loss reads '{name}', which applies {function}, and the loss applies it again"
        yield _warning(spec, "SN605", message, f"leave the {function} out: the loss takes logits", place)
    elif function is not None:
        message = f"the loss reads '{name}', which applies {function}, so the logits cannot take every value"
        yield _warning(spec, "SN605", message, f"leave {function} out of the last layer", place)


def _radii(spec: Spec) -> Iterator[Diagnostic]:
    """A radius of 5, TensorFlow's default, where the five maps of the paper were meant."""
    for name, layer in spec.layers.items():
        if isinstance(layer, LRN) and layer.radius == PAPER_MAPS:
            message = f"layer '{name}': radius {layer.radius} is a sum over {layer.size} maps"
            hint = f"the paper's n = {PAPER_MAPS} is size: {PAPER_MAPS}, or radius: {PAPER_MAPS // 2}"
            yield _warning(spec, "SN407", message, hint, ("layers", name, "radius"))


def _channels_last(spec: Spec) -> Iterator[Diagnostic]:
    """An input written as height, width, channels, the order of TensorFlow and of image files."""
    for name, layer in spec.layers.items():
        if isinstance(layer, Input) and len(layer.shape) == 3:
            first, second, last = layer.shape
            if last in COLOURS and first not in COLOURS and first > last:
                message = f"layer '{name}': {first} channels of {second}x{last} pixels"
                hint = f"the order is channels, height, width: [{last}, {first}, {second}]"
                yield _warning(spec, "SN408", message, hint, ("layers", name, "shape"))


def _classes(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> Iterator[Diagnostic]:
    """Classes of the dataset that differ from the output."""
    if spec.training is None or spec.data is None:
        return
    loss, classes = spec.training.loss, spec.data.class_count()
    name = loss.head_layer
    (units, *_) = full_shape(graph, shares, name)
    if classes is not None and classes != units:
        outputs = plural(units, "output")
        message = f"the dataset '{spec.data.kind}' has {classes} classes, and '{name}' has {outputs}"
        place = ("training", "loss", loss.reading_keys()[0])
        yield _warning(spec, "SN606", message, f"give '{name}' {classes} units", place)


def _images(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> Iterator[Diagnostic]:
    """A dataset whose images do not come out as the network's input."""
    found = spec.data.image_shape() if spec.data is not None else None
    inputs = [name for name, layer in spec.layers.items() if isinstance(layer, Input)]
    if spec.training is None or spec.data is None or found is None or len(inputs) != 1:
        return
    shape = full_shape(graph, shares, inputs[0])
    if not fits(spec.training, found, shape):
        message = f"the dataset '{spec.data.kind}' has images of {describe(found)}, and '{inputs[0]}' takes"
        hint = "change one of the two, or crop in both training.augment and training.evaluate"
        yield _warning(spec, "SN607", f"{message} {describe(shape)}", hint, ("data",), key=True)
