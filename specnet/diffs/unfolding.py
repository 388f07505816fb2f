"""The long form of a network: one layer for each share of those that live on several groups."""

from __future__ import annotations

from collections.abc import Container, Mapping

from specnet import plugins
from specnet.diffs.change import SHARE
from specnet.layers.base import Layer
from specnet.network.graph import Node
from specnet.network.network import Network, examine


def spread_layers(network: Network) -> list[str]:
    """The layers with shares on several groups, or full copies; but for inputs, which are everywhere."""
    graph = network.graph
    return [name for name in graph.order if len(graph.nodes[name]) > 1 and not graph.layers[name].is_input]


def unfolded(network: Network, kept: Container[str] = ()) -> tuple[Network, Mapping[str, Node]] | None:
    """The long form, and the share that each of its new layers is. None if the loss reads one of those.

    The `kept` layers stay as they are. None if one of them reads what only one of its shares reads.
    """
    spread, spec = {name for name in spread_layers(network) if name not in kept}, network.spec
    if spec.training and spread.intersection(spec.training.loss.sources.values()):
        return None
    origins, layers = dict[str, Node](), dict[str, Layer]()
    for name, layer in network.graph.layers.items():
        places = network.graph.nodes[name]
        if (
            name not in spread
            and len({_words(network, node, spread) for node in places}) > 1
            and not layer.is_input
        ):
            return None
        for node in places if name in spread else places[:1]:
            made = _named(node, spread)
            if layer.is_input:
                layers[made] = layer
                continue
            reads = network.shares[node].reads
            if not layer.concatenates_inputs:
                joins = {f"{made}{SHARE}{place}": read for place, read in enumerate(reads) if len(read) > 1}
                layers |= {join: _join(read, node.group, spread) for join, read in joins.items()}
                named = {read: join for join, read in joins.items()}
                sources = tuple(named.get(read) or _named(read[0], spread) for read in reads)
                nodes = [read[0] for read in reads if read not in named]
            else:
                nodes = [source for read in reads for source in read]
                sources = _words(network, node, spread)
            own: dict[str, object] = {
                "from_": sources,
                "cross_group": any(source.group != node.group for source in nodes),
            }
            if name in spread:
                origins[made] = node
                own["group"] = (node.group,)
            elif len(places) > 1:
                own["group"] = network.graph.groups[name]
                if layer.split_field is not None:  # of the full layer, not of a share
                    own[layer.split_field] = getattr(spec.layers[name], layer.split_field)
            layers[made] = layer.model_copy(update=own)
    training = spec.training
    if training is not None:  # what names layers by patterns is compared in the specs' own names
        optimizer = training.optimizer.model_copy(update={"rates": None})
        training = training.model_copy(update={"frozen": (), "optimizer": optimizer})
    found = examine(spec.model_copy(update={"layers": layers, "training": training})).network
    return (found, origins) if found is not None else None


def _join(read: tuple[Node, ...], group: str, spread: set[str]) -> Layer:
    """The shares of one argument of a sum, which is joined from them."""
    concat: type[Layer] = plugins.load("specnet.layers", "concat")
    crosses = any(source.group != group for source in read)
    names = tuple(_named(source, spread) for source in read)
    return concat.model_validate({"kind": "concat", "from": names, "group": group, "cross_group": crosses})


def _words(network: Network, node: Node, spread: set[str]) -> tuple[str, ...]:
    """What a share reads, by name; the shares of a layer that stays as it is are one."""
    named: list[str] = []
    last: Node | None = None
    for source in (source for read in network.shares[node].reads for source in read):
        if last is None or last.layer != source.layer or last == source or source.layer in spread:
            named.append(_named(source, spread))
        last = source
    return tuple(named)


def _named(node: Node, spread: set[str]) -> str:
    return f"{node.layer}{SHARE}{node.group}" if node.layer in spread else node.layer
