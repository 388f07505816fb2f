"""Graph -> shapes: every share's inputs and output, and the edge to blame where they do not fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.layers.base import Layer, LayerError, Shape, Weight
from specnet.network.graph import Graph, Node, Read
from specnet.network.layer_diagnostics import LayerDiagnostics
from specnet.spec.spec import Locate
from specnet.text import describe, plural

LARGEST_PRODUCT = 2**62
"""Values in one tensor; beyond it sizes no longer fit the frameworks' 64-bit integers."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one node computes: the layer as its group holds it, and its shapes without the batch.

    `reads` has an entry for each argument of the layer: the nodes whose outputs are concatenated along the
    channels to make it. `inputs` are the arguments' shapes.
    """

    layer: Layer
    reads: tuple[Read, ...]
    inputs: tuple[Shape, ...]
    output: Shape

    def parameters(self) -> dict[str, Weight]:
        return self.layer.parameters(*self.inputs)

    def macs(self) -> int:
        return self.layer.macs(*self.inputs)


def full_shape(graph: Graph, shares: Mapping[Node, Share], layer: str) -> Shape:
    """The shape of a whole layer, over all its groups."""
    nodes = [Node(layer, group) for group in graph.groups[layer]]
    first = shares[nodes[0]].output
    if layer in graph.replicated:
        return first
    return (sum(shares[node].output[0] for node in nodes), *first[1:])


def infer(graph: Graph, locate: Locate) -> tuple[dict[Node, Share], list[Diagnostic]]:
    """The share of every sound node, and the findings about the others."""
    problems = LayerDiagnostics(locate)
    problems.broken.update(graph.unshared)
    shares: dict[Node, Share] = {}
    for name in graph.order:
        layer = graph.shares[name]
        if name in graph.unshared or any(source in problems.broken for source in layer.inputs):
            problems.broken.add(name)
            continue
        for group in graph.groups[name]:
            node = Node(name, group)
            try:
                shares[node] = _share(layer, graph.reads[node], shares)
                if group == graph.groups[name][0]:
                    _check_written_shapes(name, shares[node], graph, problems)
                if name in graph.replicated:
                    _check_replica(shares[node])
            except LayerError as error:
                problems.add_error(name, error)
                break
    return shares, problems.found


def _share(layer: Layer, reads: tuple[Read, ...], shares: Mapping[Node, Share]) -> Share:
    arguments: tuple[Read, ...] = reads
    if layer.concatenates_inputs and reads:
        arguments = (tuple(node for read in reads for node in read),)
    inputs = tuple(_concatenated(read, shares) for read in arguments)
    output = layer.output_shape(*inputs)
    share = Share(layer, arguments, inputs, output)
    for size in (math.prod(output), *(w.size for w in share.parameters().values())):
        if size > LARGEST_PRODUCT:
            raise LayerError(
                f"{size:.1e} values are more than any machine can address", rule=rules.TOO_MANY_VALUES
            )
    return share


def _check_written_shapes(name: str, share: Share, graph: Graph, problems: LayerDiagnostics) -> None:
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
        problems.add(name, rules.WRITTEN_SHAPE, message, hint, layer.checked_shapes[role], breaks=False)


def _check_replica(share: Share) -> None:
    """A layer that is whole on several groups must have nothing to train: its copies would drift apart."""
    if any(weight.trainable for weight in share.parameters().values()):
        message = "it would be whole on several groups, each training a copy of its own that drifts apart"
        hint = "put it on one group (group: NAME), or let it work on its own group's share (no cross_group)"
        raise LayerError(message, rule=rules.TRAINED_COPIES, hint=hint)


def _concatenated(read: Read, shares: Mapping[Node, Share]) -> Shape:
    """The shape of the read shares one after another along the channels."""
    first = shares[read[0]].output
    for node in read[1:]:
        other = shares[node].output
        if other[1:] != first[1:]:
            message = (
                f"reads {read[0]} ({describe(first)}) and {node} ({describe(other)}), "
                "which cannot be joined along the channels: the other sizes differ"
            )
            raise LayerError(message, field="from", hint="bring both to one size, or flatten them first")
    return (sum(shares[node].output[0] for node in read), *first[1:])
