"""Graph -> shapes: every share's inputs and output, and the edge to blame where they do not fit."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from specnet.diagnostics import rules
from specnet.layers.base import Layer, LayerError, Shape, Weight
from specnet.network.graph import Graph, Node, Read
from specnet.network.sink import Sink
from specnet.text import describe, plural

LARGEST_PRODUCT = 2**62
"""Values in one tensor; beyond it sizes no longer fit the frameworks' 64-bit integers."""


@dataclass(frozen=True)
class Share:
    """What one node computes: the layer as its group holds it, and its shapes without the batch.

    `reads` has an entry for each argument of the layer: the nodes whose outputs are concatenated along the
    channels to make it. `inputs` are the arguments' shapes.
    """

    layer: Layer
    reads: tuple[Read, ...]
    inputs: tuple[Shape, ...]
    output: Shape

    def parameters(self) -> Mapping[str, Weight]:
        """The parameters by role."""
        return self._parameters

    def trained(self) -> Mapping[str, Weight]:
        """The parameters that training changes."""
        return self._trained

    def macs(self) -> int:
        return self.layer.macs(*self.inputs)

    @cached_property
    def _parameters(self) -> Mapping[str, Weight]:
        return self.layer.parameters(*self.inputs)

    @cached_property
    def _trained(self) -> Mapping[str, Weight]:
        return self.layer.trained_weights(*self.inputs)


@dataclass
class Shapes:
    """What is known of the shares' shapes.

    In a valid network every node has a share. In another, a node may have an output alone, where its layer
    declares that; and what is known below an error may be other than meant, unless its layer is `certain`.
    """

    shares: dict[Node, Share] = field(default_factory=dict)
    outputs: dict[Node, Shape] = field(default_factory=dict)
    certain: set[str] = field(default_factory=set)
    """Layers whose output shape is known, and stays what it is however the errors elsewhere are mended."""


def full_shape(graph: Graph, outputs: Mapping[Node, Shape], layer: str) -> Shape:
    """The shape of a full layer, over all its groups."""
    nodes = graph.nodes[layer]
    first = outputs[nodes[0]]
    if layer in graph.replicated:
        return first
    return (sum(outputs[node][0] for node in nodes), *first[1:])


def infer(graph: Graph, undivided: Container[str], adrift: Container[str], sink: Sink) -> Shapes:
    """The shapes of all nodes, as far as they are known, and the findings about those that do not fit.

    Layers that are `undivided` have no shares to speak of; those that are `adrift` may not be where they are
    meant to be. Nothing is said of what an error elsewhere may have caused.
    """
    shapes = Shapes()
    for name in graph.order:
        layer = graph.layers[name]
        if name in undivided:
            continue
        is_sound = name not in sink.broken and all(s in shapes.certain for s in layer.inputs)
        try:
            for node in graph.nodes[name]:
                _infer_node(node, layer, graph, shapes, sink if is_sound else None)
        except LayerError as error:
            if is_sound:
                sink.add_error(name, error)
            continue
        is_known = all(node in shapes.outputs for node in graph.nodes[name])
        is_declared = layer.declared_shape() is not None and name not in sink.broken and name not in adrift
        if is_known and (is_sound or is_declared):
            shapes.certain.add(name)
    return shapes


def _infer_node(node: Node, layer: Layer, graph: Graph, shapes: Shapes, sink: Sink | None) -> None:
    """Add what is known of one node. Raises `LayerError` if its inputs do not fit."""
    reads, own = graph.reads[node], graph.groups[node.layer]
    has_kind = type(layer) is not Layer
    if has_kind and all(read and all(source in shapes.outputs for source in read) for read in reads):
        if (declared := layer.declared_shape()) is not None:
            shapes.outputs[node] = declared
        shapes.shares[node] = share = _share(layer, reads, shapes.outputs)
        shapes.outputs[node] = share.output
        if sink is not None and node.group == own[0]:
            _check_written_shapes(node.layer, share, graph, sink)
        if node.layer in graph.replicated:
            _check_replica(share)
    elif (declared := layer.declared_shape()) is not None and (layer.split_field or len(own) == 1):
        shapes.outputs[node] = declared


def _share(layer: Layer, reads: tuple[Read, ...], outputs: Mapping[Node, Shape]) -> Share:
    arguments: tuple[Read, ...] = reads
    if layer.concatenates_inputs and reads:
        arguments = (tuple(node for read in reads for node in read),)
    inputs = tuple(_concatenated(read, outputs) for read in arguments)
    output = layer.output_shape(*inputs)
    share = Share(layer, arguments, inputs, output)
    for size in (math.prod(output), *(w.size for w in share.parameters().values())):
        if size > LARGEST_PRODUCT:
            raise LayerError(
                f"{size:.1e} values are more than any machine can address", rule=rules.TOO_MANY_VALUES
            )
    return share


def _check_written_shapes(name: str, share: Share, graph: Graph, sink: Sink) -> None:
    """Shapes that the spec repeats must be those that follow from the graph; nothing depends on them."""
    layer = share.layer
    claimed = {
        role: getattr(layer, field) for role, field in layer.checked_shapes.items() if getattr(layer, field)
    }
    if not claimed:
        return
    actual = share.parameters()
    for role, shape in claimed.items():
        real = actual[role].shape if role in actual else None
        if real == shape:
            continue
        part = " on each group" if len(graph.groups[name]) > 1 and name not in graph.replicated else ""
        there = f"the {role}{part} is {describe(real)}" if real else f"there is no {role}"
        hint = f"write {list(real)}, or change what it follows from" if real else "remove it"
        if real and len(real) == len(shape) > 1 and real[1] != shape[1]:
            inputs = plural(real[1], "input")
            hint = f"it reads {', '.join(layer.inputs)}: {inputs} to a unit, not {shape[1]:,}"
        if real and sorted(real) == sorted(shape):
            hint = f"the order is out, in, height, width: {list(real)}"
        message = f"{layer.checked_shapes[role]} says {describe(shape)}, and {there}"
        sink.add(name, rules.WRITTEN_SHAPE, message, hint, layer.checked_shapes[role], breaks=False)


def _check_replica(share: Share) -> None:
    """A layer with a full copy on several groups must have nothing to train: the copies would drift apart."""
    if any(weight.trainable for weight in share.parameters().values()):
        message = "it would be whole on several groups, each training a copy of its own that drifts apart"
        if share.layer.is_frozen:
            message = "it would be whole on several groups, each with a copy of its parameters"
        hint = "put it on one group (group: NAME), or let it work on its own group's share (no cross_group)"
        raise LayerError(message, rule=rules.TRAINED_COPIES, hint=hint)


def _concatenated(read: Read, outputs: Mapping[Node, Shape]) -> Shape:
    """The shape of the read shares one after another along the channels."""
    first = outputs[read[0]]
    for node in read[1:]:
        other = outputs[node]
        if other[1:] != first[1:]:
            message = (
                f"reads {read[0]} ({describe(first)}) and {node} ({describe(other)}), "
                "which cannot be joined along the channels: the other sizes differ"
            )
            raise LayerError(message, field="from", hint="bring both to one size, or flatten them first")
    return (sum(outputs[node][0] for node in read), *first[1:])
