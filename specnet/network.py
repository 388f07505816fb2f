"""Spec -> Network: the checked whole that tables, diffs and plans are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specnet import spec as spec_module
from specnet.document import Document
from specnet.errors import Diagnostic, SpecError, in_order, suggestion
from specnet.graph import Graph, Node, build
from specnet.layers.base import Layer, Shape
from specnet.layers.input import Input
from specnet.shapes import Share, infer
from specnet.spec import Locate, Spec
from specnet.text import describe


@dataclass(frozen=True)
class Network:
    """A valid network: its graph, and the share of every node in execution order."""

    spec: Spec
    graph: Graph
    shares: Mapping[Node, Share]
    warnings: tuple[Diagnostic, ...] = ()

    def output_shape(self, layer: str) -> Shape:
        """The whole layer's shape, over all its groups."""
        nodes = [Node(layer, group) for group in self.graph.groups[layer]]
        first = self.shares[nodes[0]].output
        if layer in self.graph.replicated:
            return first
        return (sum(self.shares[node].output[0] for node in nodes), *first[1:])

    def inputs(self) -> list[str]:
        """The names of the input layers, in order."""
        return [name for name, layer in self.graph.shares.items() if isinstance(layer, Input)]


def analyse(spec: Spec) -> Network:
    """The network that a spec declares. Raises `SpecError` with every finding if it is not valid."""
    graph, shares, found = _check(spec.layers, spec.groups, spec.locate)
    network = Network(spec, graph, shares)
    if not found:
        found = list(_recipe_findings(network))
    if found:
        raise SpecError(found)
    return Network(spec, graph, shares, tuple(_unread(network)))


def examine(document: Document) -> tuple[Network | None, list[Diagnostic]]:
    """Everything there is to say about a document: the network if it is valid, and all findings.

    Where the schema is broken, the graph and the shapes of the sound layers are checked all the same.
    """
    try:
        network = analyse(spec_module.load(document))
        return network, in_order(network.warnings)
    except SpecError as error:
        found = error.diagnostics
    data = document.data()
    layers = spec_module.parts(data)
    if any(layer is None for layer in layers.values()) and len(layers) > 1:
        groups = data.get("groups", (spec_module.DEFAULT_GROUP,))
        if isinstance(groups, list | tuple) and all(isinstance(group, str) for group in groups):
            found = found + _check(layers, tuple(groups), document.locate)[2]
    return None, in_order(dict.fromkeys(found))


def _check(
    layers: Mapping[str, Layer | None], groups: tuple[str, ...], locate: Locate
) -> tuple[Graph, dict[Node, Share], list[Diagnostic]]:
    graph, problems = build(layers, groups, locate)
    shares, more = infer(graph, locate)
    return graph, shares, problems + more


def _recipe_findings(network: Network) -> Iterator[Diagnostic]:
    """Whether the training section fits the network."""
    training = network.spec.training
    if training is None:
        return
    at = network.spec.locate
    yield from _loss_findings(network, training.loss.from_)
    shape = network.output_shape(network.inputs()[0])
    parts = [(("augment", i), part) for i, part in enumerate(training.augment)]
    for path, part in [*parts, (("evaluate",), training.evaluate)]:
        size = getattr(part, "size", None)
        if size is not None and shape[1:] != (size, size):
            message = f"crops of {size}x{size} do not fit the input, which is {describe(shape)}"
            hint = f"use size {shape[-1]}, or change the input's shape"
            yield Diagnostic("SN604", message, at(("training", *path, "size")), hint)


def _loss_findings(network: Network, name: str) -> Iterator[Diagnostic]:
    """The loss must read one vector of logits that lies in one place."""
    place = network.spec.locate(("training", "loss", "from"))
    groups = network.graph.groups.get(name)
    if groups is None:
        hint = suggestion(name, network.graph.order, noun="layer")
        yield Diagnostic("SN601", f"the loss reads '{name}', which is no layer", place, hint)
    elif len(groups) > 1 and name not in network.graph.replicated:
        message = f"the loss reads '{name}', which is split over {'+'.join(groups)}"
        hint = f"put '{name}' in one place: group: {groups[0]}, with cross_group: true"
        yield Diagnostic("SN602", message, place, hint)
    elif len(network.output_shape(name)) != 1:
        shape = describe(network.output_shape(name))
        message = f"the loss reads '{name}', whose output is {shape} and not one number for each class"
        yield Diagnostic("SN603", message, place, "end the network with a dense layer")


def _unread(network: Network) -> Iterator[Diagnostic]:
    """Warnings for layers that feed nothing although another layer is the output."""
    training = network.spec.training
    sinks = network.graph.feeds_nothing()
    output = training.loss.from_ if training else sinks[-1]
    for name in sinks:
        if name != output:
            place = network.spec.locate(("layers", name), key=True)
            hint = "read it somewhere, or remove it"
            yield Diagnostic("SN305", f"layer '{name}' feeds nothing", place, hint, severity="warning")
