"""Crossings that cross nothing, and shares of a layer that nothing reads: computed and then dropped."""

from __future__ import annotations

from specnet.diagnostics import rules
from specnet.network.checks.recipe import read_by_loss
from specnet.network.crossing_fixes import crossing_removed
from specnet.network.graph import Graph
from specnet.network.partial import PartialNetwork
from specnet.network.sink import Sink

HINT = "cross_group: true reads every share; cross_group: false says that this one alone is meant"


def check_crossings(network: PartialNetwork, sink: Sink) -> None:
    """An error for each layer that declares a crossing where nothing crosses, all it reads being sound."""
    graph = network.graph
    for name in graph.order if graph.readers else ():  # it is empty where there are too many edges
        layer = graph.layers[name]
        if not layer.cross_group or name in sink.broken or name in network.adrift:
            continue
        is_known = all(source in network.shapes.certain for source in layer.inputs)
        if is_known and not _crosses(graph, name):
            sources = ", ".join(f"{s} on {'+'.join(graph.groups[s])}" for s in layer.inputs)
            message = f"cross_group is declared, but nothing crosses: {sources} is read on"
            message = f"{message} {'+'.join(graph.groups[name])}"
            fix = crossing_removed(name, sink.locate)
            hint = "remove cross_group"
            sink.add(name, rules.NEEDLESS_CROSSING, message, hint, "cross_group", breaks=False, fix=fix)


def _crosses(graph: Graph, name: str) -> bool:
    return any(source.group != node.group for node in graph.nodes[name] for source in graph.read_by(node))


def check_unread(network: PartialNetwork, sink: Sink) -> None:
    """An error for each layer that reads one share of another while nothing reads the rest.

    A layer that has `cross_group: false` written in it is left out. A layer of which no share is read
    is an output or feeds nothing, which is another matter, as is what the loss reads.
    """
    graph, layers = network.graph, network.parts.layers
    if not any(len(groups) > 1 for groups in graph.groups.values()):
        return
    read = read_by_loss(network.parts.recipe).values()
    dropped = {
        name: idle
        for name, idle in graph.unread().items()
        if len(idle) < len(graph.groups[name]) and name not in graph.replicated and name not in read
    }
    for name in graph.order if dropped else ():
        layer = layers[name]
        if layer is None or layer.own_share_meant:
            continue
        for index, source in enumerate(layer.inputs):
            if source in dropped and source not in layer.inputs[:index]:
                slot = (index,) if len(layer.inputs) > 1 else ()
                rest = "the one" if len(dropped[source]) == 1 else "those"
                message = f"it reads its own group's share of '{source}' only, and nothing reads {rest}"
                message = f"{message} on {'+'.join(dropped[source])}"
                sink.add(name, rules.UNREAD_SHARE, message, HINT, "from", *slot, breaks=False)
