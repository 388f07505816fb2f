"""The long form of a network: one layer for each share of those that are split over groups."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.layers.base import Layer
from specnet.network.graph import Node
from specnet.network.network import Network, examine

SIGN = "@"
"""What no name of a layer has."""


def split_layers(network: Network) -> list[str]:
    """The layers that are split over several groups."""
    graph = network.graph
    return [name for name in graph.order if len(graph.nodes[name]) > 1 and name not in graph.replicated]


def unfolded(network: Network) -> tuple[Network, Mapping[str, Node]] | None:
    """The long form, and the share that each of its new layers is. None if there is none.

    That is so where each argument of a sum is joined from several shares, or the loss reads a split layer.
    """
    split = set(split_layers(network))
    spec, origins = network.spec, dict[str, Node]()
    if spec.training and split.intersection(spec.training.loss.sources.values()):
        return None
    layers: dict[str, Layer] = {}
    for name, layer in spec.layers.items():
        nodes = network.graph.nodes[name]
        held = network.graph.layers[name]
        for node in nodes if name in split else nodes[:1]:
            reads = network.shares[node].reads
            if not layer.concatenates_inputs and any(len(argument) > 1 for argument in reads):
                return None
            sources = tuple(_named(source, split) for read in reads for source in read)
            crosses = any(source.group != node.group for read in reads for source in read)
            own = {"from_": sources, "cross_group": crosses}
            if name in split:
                made = _named(node, split)
                origins[made] = node
                layers[made] = held.model_copy(update={**own, "group": (node.group,)})
            else:
                layers[name] = held if held.is_input else held.model_copy(update=own)
    training = spec.training
    if training is not None:  # what names layers by patterns is compared in the specs' own names
        optimizer = training.optimizer.model_copy(update={"rates": None})
        training = training.model_copy(update={"frozen": (), "optimizer": optimizer})
    made_network = examine(spec.model_copy(update={"layers": layers, "training": training})).network
    return (made_network, origins) if made_network is not None else None


def _named(node: Node, split: set[str]) -> str:
    return f"{node.layer}{SIGN}{node.group}" if node.layer in split else node.layer
