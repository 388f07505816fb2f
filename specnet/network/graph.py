"""The network as its groups see it: one node for each (layer, group), and edges that know if they cross.

Both graphs, of shares and of layers, are networkx's as soon as somebody asks for its algorithms: what a sound
spec needs does without, for importing networkx takes a third of the time of checking one. What a DiGraph can
not hold, the order in which a node reads and what it reads twice, stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from specnet.layers.base import Layer

if TYPE_CHECKING:
    import networkx


class Node(NamedTuple):
    """A layer's share on one group. Its text form, `conv1.gpu0`, names states and operations everywhere."""

    layer: str
    group: str

    def __str__(self) -> str:
        return f"{self.layer}.{self.group}"

    def on_groups(self, names: Mapping[str, str]) -> Node:
        """The node with its group renamed."""
        return Node(self.layer, names.get(self.group, self.group))


Read = tuple[Node, ...]
"""The shares of one input that a node reads, concatenated along the channels if there are several."""


def on_groups(reads: tuple[Read, ...], names: Mapping[str, str]) -> tuple[Read, ...]:
    """What a node reads, with groups renamed."""
    return tuple(tuple(node.on_groups(names) for node in read) for read in reads)


@dataclass
class Graph:
    """The layers on their groups.

    `reads` has, for each node, one entry for each of the layer's inputs, in order. A replicated layer has the
    same full output on each of its groups, as an input has; any other layer on several groups is split, a
    share on each. Where a spec is not valid, layers whose groups are not known are left out, and so are reads
    of them.
    """

    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """What each layer reads, by name, each once and known ones only; in the order of the file."""
    order: list[str] = field(default_factory=list)
    """Layer names, every layer after its inputs, ties in the order of the file."""
    layers: dict[str, Layer] = field(default_factory=dict)
    """Each layer as one of its groups holds it, frozen if the recipe freezes it."""
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: dict[str, Read] = field(default_factory=dict)
    """The shares of each layer, in group order."""
    reads: dict[Node, tuple[Read, ...]] = field(default_factory=dict)
    readers: dict[Node, list[Node]] = field(default_factory=dict, compare=False)
    """The shares that read each share, in order. Empty where there are too many edges."""
    replicated: set[str] = field(default_factory=set)

    @cached_property
    def nx(self) -> networkx.DiGraph:
        """A node for each share, after those that it reads; an edge for every share read, in the order of
        reading, with the attribute `crosses`: whether it goes from one group to another. Empty where there
        are too many edges.
        """
        from networkx import DiGraph

        graph = DiGraph()
        graph.add_nodes_from(self.readers)
        graph.add_edges_from(
            (source, node, {"crosses": source.group != node.group})
            for node in self.readers
            for source in self.read_by(node)
        )
        return graph

    @cached_property
    def names(self) -> networkx.DiGraph:
        """The layers by name, in the order of the file, with an edge from each to those that read it."""
        from specnet.network.order import directed

        return directed(self.sources)

    def connect(self) -> None:
        """Say of every node which ones read it."""
        self.readers = {node: [] for node in self.reads}
        for node in self.reads:
            for source in self.read_by(node):
                self.readers[source].append(node)

    def read_by(self, node: Node) -> Mapping[Node, None]:
        """The shares that a node reads, each once, in the order of reading."""
        return {source: None for read in self.reads[node] for source in read}

    def crossings(self) -> list[tuple[Node, str]]:
        """The cross-group edges: one share read in one other group, each pair once, readers in order."""
        edges = ((source, node) for node in self.readers for source in self.read_by(node))
        return list({(s, node.group): None for s, node in edges if s.group != node.group})

    def inputs(self) -> list[str]:
        """The names of the input layers, in order."""
        return [name for name, layer in self.layers.items() if layer.is_input]

    def sinks(self) -> list[str]:
        """Layers that no layer reads, in order."""
        read = {source for sources in self.sources.values() for source in sources}
        return [name for name in self.order if name not in read]

    def unread(self) -> dict[str, tuple[str, ...]]:
        """Layers with a share that nothing reads, in order, and the groups of those shares."""
        idle = {name: [n.group for n in self.nodes[name] if not self.readers[n]] for name in self.order}
        return {name: tuple(groups) for name, groups in idle.items() if groups}

    def on_groups(self, groups: Mapping[str, str]) -> Graph:
        """The same with groups renamed."""
        made = Graph(
            sources=self.sources,
            order=self.order,
            layers={name: layer.on_groups(groups) for name, layer in self.layers.items()},
            groups={name: tuple(groups.get(g, g) for g in own) for name, own in self.groups.items()},
            nodes={name: on_groups((nodes,), groups)[0] for name, nodes in self.nodes.items()},
            replicated=self.replicated,
        )
        for node, reads in self.reads.items():
            made.reads[node.on_groups(groups)] = on_groups(reads, groups)
        made.connect()
        return made
