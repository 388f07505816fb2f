"""Warnings: what is allowed in a valid network and yet is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specnet.errors import Diagnostic
from specnet.graph import Graph, Node
from specnet.layers.input import Input
from specnet.layers.window import Windowed
from specnet.shapes import Share, whole_shape
from specnet.spec import Spec
from specnet.text import describe, plural

UNEVEN = 3
"""A group with that many times the parameters of another is worth a word ..."""
UNEVEN_PARAMETERS = 1_000_000
"""... where the difference is at least this many."""


def advice(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> list[Diagnostic]:
    """All warnings about a valid network."""
    return [
        *_unread(spec, graph),
        *_dropped_pixels(spec, graph, shares),
        *_uneven_groups(spec, graph, shares),
        *_loss(spec, graph, shares),
    ]


def _warning(
    spec: Spec, code: str, message: str, hint: str, path: tuple[str | int, ...], *, key: bool = False
) -> Diagnostic:
    return Diagnostic(code, message, spec.locate(path, key=key), hint, severity="warning")


def _unread(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Layers that feed nothing although another layer is the output, and shares that nothing reads."""
    sinks = graph.feeds_nothing()
    for name in graph.order:
        idle = [g for g in graph.groups[name] if graph.nx.out_degree(Node(name, g)) == 0]
        if idle and name not in sinks and name not in graph.replicated:
            message = f"layer '{name}': nothing reads its share on {'+'.join(idle)}"
            hint = "a reader that wants every share says cross_group: true"
            yield _warning(spec, "SN305", message, hint, ("layers", name), key=True)
    output = spec.training.loss.from_ if spec.training else sinks[-1]
    for name in sinks:
        if name != output:
            message, hint = f"layer '{name}' feeds nothing", "read it somewhere, or remove it"
            yield _warning(spec, "SN305", message, hint, ("layers", name), key=True)


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


def _loss(spec: Spec, graph: Graph, shares: Mapping[Node, Share]) -> Iterator[Diagnostic]:
    """A loss on something that is no logits, and classes of the dataset that differ from the output."""
    if spec.training is None:
        return
    name = spec.training.loss.from_
    place = ("training", "loss", "from")
    layer = spec.layers[name]
    function = getattr(layer, "activation", None) or getattr(layer, "function", None)
    if function == "softmax":
        message = f"the loss reads '{name}', which applies softmax, and the loss applies it again"
        yield _warning(spec, "SN605", message, "leave the softmax out: the loss takes logits", place)
    elif function is not None:
        message = f"the loss reads '{name}', which applies {function}, so the logits cannot take every value"
        yield _warning(spec, "SN605", message, f"leave {function} out of the last layer", place)
    elif layer.drop_rate() is not None:
        message = f"the loss reads '{name}', whose dropout sets logits to zero at random"
        yield _warning(spec, "SN605", message, f"read {layer.inputs[0]}: the loss takes logits", place)
    classes = spec.data.class_count() if spec.data is not None else None
    (units, *_) = whole_shape(graph, shares, name)
    if spec.data is not None and classes is not None and classes != units:
        outputs = plural(units, "output")
        message = f"the dataset '{spec.data.kind}' has {classes} classes, and '{name}' has {outputs}"
        yield _warning(spec, "SN606", message, f"give '{name}' {classes} units", place)
