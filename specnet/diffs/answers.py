"""What two networks are compared by: their answers, and the shares that count for these."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.diffs import flow
from specnet.diffs.flow import Expression
from specnet.network.graph import Node
from specnet.network.network import Network


def heads(network: Network, made: Mapping[Node, Expression]) -> dict[str, Expression]:
    """What the loss reads, by its keys."""
    sources = network.spec.training.loss.sources if network.spec.training else {}
    graph, found = network.graph, dict[str, Expression]()
    for key, layer in sources.items():
        nodes = graph.nodes[layer][:1] if layer in graph.replicated else graph.nodes[layer]
        found[key] = flow.joined(made[node] for node in nodes)
    return found


def counted(network: Network) -> set[Node]:
    """The shares from which what the loss reads is made, and those that have values of their own; all of them
    where there is no loss."""
    training, shares = network.spec.training, network.shares
    if training is None:
        return set(shares)
    waiting = [node for layer in training.loss.sources.values() for node in network.graph.nodes[layer]]
    found = {node for node, share in shares.items() if share.parameters()}
    met = set(waiting)
    while waiting:
        above = {source for read in shares[waiting.pop()].reads for source in read} - met
        met |= above
        waiting += above
    return found | met


def unread(network: Network, made: Mapping[Node, Expression]) -> set[Expression]:
    """What shares make that no other one reads."""
    return {made[node] for node in network.shares if not network.graph.readers[node]}
