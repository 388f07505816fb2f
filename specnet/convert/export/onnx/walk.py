"""From a network's shares to one graph: what is split over groups is computed whole where that is the same.

Layers that treat each channel alike, convolutions, and dense layers whose shares all read the same are one
operator over all groups; a convolution whose shares read their own groups' is one in blocks. The rest is
computed share by share, and cut and joined in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from specnet.convert.export.onnx import layers, windows  # noqa: F401  (they register kinds)
from specnet.convert.export.onnx.graph import Graph
from specnet.convert.export.onnx.site import Site, emitter
from specnet.convert.export.onnx.windows import convolution
from specnet.layers.base import Shape
from specnet.layers.conv import Conv
from specnet.network.graph import Node, Read
from specnet.network.network import Network
from specnet.network.shapes import Share


class Walk:
    """One pass over the layers of a network, with a state of its parameters."""

    def __init__(self, network: Network, state: Mapping[str, Any]) -> None:
        self.network = network
        self.state = state
        self.graph = Graph()
        self.shares: dict[Node, str] = {}
        """The value that a share makes, once it is there by itself."""
        self.whole: dict[str, str] = {}
        """The value that a layer makes on all its groups, in their order, once it is there as one."""

    def go(self) -> None:
        """Write every layer. Raises `UsageError` for what ONNX has no operator for."""
        network = self.network.graph
        for name in network.order:
            nodes = network.nodes[name]
            if network.layers[name].is_input:
                self.whole[name] = self.graph.name(name)
                self.shares.update(dict.fromkeys(nodes, self.whole[name]))
            elif len(nodes) == 1 or name in network.replicated:
                made = self._share(nodes[0], name)
                self.shares.update(dict.fromkeys(nodes, made))
                self.whole[name] = made
            else:
                self._split(name, nodes)

    def outputs(self) -> dict[str, Shape]:
        """The answers and their shapes: what the loss reads, or what nothing reads.

        Each is a value of its own, `fc8.output`, so that it has a name that says so.
        """
        training = self.network.spec.training
        read = dict.fromkeys(training.loss.sources.values() if training else self.network.graph.sinks())
        values = {name: self.joined(self.network.graph.nodes[name], f"{name}.whole") for name in read}
        return {
            self.graph.add("Identity", [value], f"{name}.output"): self.network.output_shape(name)
            for name, value in values.items()
        }

    def _parameters(self, node: Node) -> dict[str, Any]:
        roles = self.network.shares[node].parameters()
        return {role: np.asarray(self.state[f"{node}.{role}"], np.float32) for role in roles}

    def _share(self, node: Node, name: str) -> str:
        """One share by itself."""
        share = self.network.shares[node]
        is_join = share.layer.kind == "concat"
        if is_join and len(self._pieces(share.reads[0])) > 1:
            return self.joined(share.reads[0], name)
        inputs = [self.joined(read, f"{name}.inputs") for read in share.reads]
        here = Site(self.graph, share.layer, inputs, share.inputs, self._parameters(node), name)
        return emitter(share.layer.kind, node.layer)(here)

    def _split(self, name: str, nodes: Sequence[Node]) -> None:
        """A layer with a share on each of several groups."""
        made = self._together(name, nodes)
        if made is not None:
            self.whole[name] = made
            return
        for node in nodes:
            self.shares[node] = self._share(node, str(node))

    def _together(self, name: str, nodes: Sequence[Node]) -> str | None:
        """All shares as one operator, if that computes the same."""
        shares = [self.network.shares[node] for node in nodes]
        first, layer = shares[0], shares[0].layer
        if any(share.inputs != first.inputs for share in shares):
            return None
        own = [self._parameters(node) for node in nodes]
        weights = {role: np.concatenate([each[role] for each in own]) for role in first.parameters()}
        if len({self._seen(share.reads) for share in shares}) == 1:
            inputs = [self.joined(read, f"{name}.inputs") for read in first.reads]
            here = Site(self.graph, layer, inputs, first.inputs, weights, name)
            is_one = layer.kind == "dense" or (isinstance(layer, Conv) and layer.shared and layer.groups == 1)
            return emitter(layer.kind, name)(here) if is_one else None
        is_blocks = isinstance(layer, Conv) and layer.shared
        if not is_blocks and layer.reads_channels() != "each":
            return None
        inputs = [self._all(shares, place, name) for place in range(len(first.reads))]
        wide = [(shape[0] * len(shares), *shape[1:]) for shape in first.inputs]
        here = Site(self.graph, layer, inputs, wide, weights, name)
        if isinstance(layer, Conv):
            return convolution(here, layer.groups * len(shares))
        return emitter(layer.kind, name)(here)

    def _seen(self, reads: tuple[Read, ...]) -> tuple[Read, ...]:
        """What is read, with one of the full copies of a layer for all of them."""
        graph = self.network.graph

        def one(node: Node) -> Node:
            is_full = node.layer in graph.replicated or graph.layers[node.layer].is_input
            return graph.nodes[node.layer][0] if is_full else node

        return tuple(tuple(map(one, read)) for read in reads)

    def _all(self, shares: Sequence[Share], place: int, name: str) -> str:
        """What all shares read in one place, joined."""
        return self.joined(tuple(node for share in shares for node in share.reads[place]), f"{name}.inputs")

    def joined(self, read: Read, name: str) -> str:
        """The values of shares one after another along the channels."""
        pieces = self._pieces(read)
        return pieces[0] if len(pieces) == 1 else self.graph.add("Concat", pieces, name, axis=1)

    def _pieces(self, read: Read) -> list[str]:
        """The values that are joined to make what is read."""
        graph, pieces, at = self.network.graph, list[str](), 0
        while at < len(read):
            layer = read[at].layer
            nodes = graph.nodes[layer]
            if layer in graph.replicated or len(nodes) == 1 or graph.layers[layer].is_input:
                pieces.append(self.whole[layer])
                at += 1
            elif tuple(read[at : at + len(nodes)]) == nodes:
                pieces.append(self._whole(layer))
                at += len(nodes)
            else:
                pieces.append(self._one(read[at]))
                at += 1
        return pieces

    def _whole(self, layer: str) -> str:
        if layer not in self.whole:
            parts = [self.shares[node] for node in self.network.graph.nodes[layer]]
            self.whole[layer] = self.graph.add("Concat", parts, layer, axis=1)
        return self.whole[layer]

    def _one(self, node: Node) -> str:
        if node not in self.shares:
            nodes = self.network.graph.nodes[node.layer]
            sizes = self.graph.numbers(
                f"{node.layer}.sizes", [self.network.shares[each].output[0] for each in nodes]
            )
            parts = self.graph.several(
                "Split", [self.whole[node.layer], sizes], [str(each) for each in nodes], axis=1
            )
            self.shares.update(zip(nodes, parts, strict=True))
        return self.shares[node]
