"""Spec -> Graph: one node for each (layer, group), and edges that know whether they cross between groups.

The rules of the language live here. A layer lives on the groups of its first input unless `group` names
others, and `input` lives on all of them. It reads its own group's share of each input, or with
`cross_group: true` every group's share in group order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import networkx as nx

from specnet.errors import Diagnostic, suggestion
from specnet.layers.base import Layer, LayerError
from specnet.layers.input import Input
from specnet.spec import Locate


class Node(NamedTuple):
    """A layer's share on one group. Its text form, `conv1.gpu0`, names states and steps everywhere."""

    layer: str
    group: str

    def __str__(self) -> str:
        return f"{self.layer}.{self.group}"


Read = tuple[Node, ...]
"""The shares of one input that a node reads, concatenated along the channels if there are several."""


@dataclass
class Graph:
    """The network as its groups see it.

    `nx` has an edge for every share read, with the attribute `crosses`. `reads` keeps their order: for each
    node, one entry for each of the layer's inputs. A replicated layer has the same whole output on each of
    its groups, as an input has; any other layer on several groups is split, a share on each.
    """

    nx: nx.DiGraph = field(default_factory=nx.DiGraph)
    order: list[str] = field(default_factory=list)
    """Layer names, every layer after its inputs, ties in the order of the file."""
    shares: dict[str, Layer] = field(default_factory=dict)
    """Each layer as one of its groups holds it."""
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reads: dict[Node, tuple[Read, ...]] = field(default_factory=dict)
    replicated: set[str] = field(default_factory=set)

    def nodes(self) -> list[Node]:
        """All nodes, every one after what it reads."""
        return [Node(layer, group) for layer in self.order for group in self.groups[layer]]

    def crossings(self) -> list[tuple[Node, str]]:
        """The cross-group edges: one share read in one other group, each pair once."""
        pairs = {
            (source, node.group): None
            for node, reads in self.reads.items()
            for read in reads
            for source in read
            if source.group != node.group
        }
        return list(pairs)

    def feeds_nothing(self) -> list[str]:
        """Layers that no layer reads, in order."""
        return [
            name
            for name in self.order
            if all(self.nx.out_degree(Node(name, group)) == 0 for group in self.groups[name])
        ]


class Problems:
    """Collects findings about layers, and remembers which layers nothing more can be said about."""

    def __init__(self, locate: Locate) -> None:
        self._locate = locate
        self.found: list[Diagnostic] = []
        self.broken: set[str] = set()

    def add(
        self,
        layer: str,
        code: str,
        message: str,
        hint: str | None = None,
        key: str | int | None = "from",
        *rest: int,
    ) -> None:
        """A finding at `layers.LAYER.KEY`, or at the layer's name for the key None."""
        path = ("layers", layer) if key is None else ("layers", layer, key, *rest)
        position = self._locate(path, key=key is None)
        self.found.append(Diagnostic(code, f"layer '{layer}': {message}", position, hint))
        self.broken.add(layer)

    def add_error(self, layer: str, error: LayerError) -> None:
        """What a layer kind said about itself."""
        self.add(layer, error.code, error.message, error.hint, error.field)


def build(
    layers: Mapping[str, Layer | None], groups: tuple[str, ...], locate: Locate
) -> tuple[Graph, list[Diagnostic]]:
    """The graph of all layers that are sound, and the findings about the others.

    A layer that is None was not understood; it and what depends on it are left out without a word, for its
    own finding exists already.
    """
    problems = Problems(locate)
    problems.broken.update(name for name, layer in layers.items() if layer is None)
    graph = Graph()
    for name in _ordered(layers, problems):
        layer = layers[name]
        if layer is None or any(source in problems.broken for source in layer.inputs):
            problems.broken.add(name)
        elif name not in problems.broken:
            _add(graph, name, layer, groups, problems)
    return graph, problems.found


def _ordered(layers: Mapping[str, Layer | None], problems: Problems) -> list[str]:
    """Layer names in dependency order. Reports unknown inputs, missing inputs and cycles."""
    names = nx.DiGraph()
    names.add_nodes_from(layers)
    for name, layer in layers.items():
        if layer is None:
            continue
        for index, source in enumerate(layer.inputs):
            if source in layers:
                names.add_edge(source, name)
                continue
            slot = (index,) if len(layer.inputs) > 1 else ()
            problems.add(
                name,
                "SN301",
                f"there is no layer '{source}' to read",
                suggestion(source, layers, noun="layer"),
                "from",
                *slot,
            )
    if not any(isinstance(layer, Input) or layer is None for layer in layers.values()):
        first = next(iter(layers))
        problems.add(
            first,
            "SN303",
            "no layer is an input",
            "add one: image: {kind: input, shape: [3, 224, 224]}",
            None,
        )
    elif all(isinstance(layer, Input) for layer in layers.values()):
        first = next(iter(layers))
        problems.add(first, "SN303", "nothing reads the input", "add a layer that does", None)
    for component in list(nx.strongly_connected_components(names)):
        if len(component) > 1 or any(names.has_edge(name, name) for name in component):
            _report_cycle(names.subgraph(component), layers, problems)
            names.remove_edges_from(list(names.subgraph(component).edges))
    place = {name: index for index, name in enumerate(layers)}
    return list(nx.lexicographical_topological_sort(names, key=place.__getitem__))


def _report_cycle(component: nx.DiGraph, layers: Mapping[str, Layer | None], problems: Problems) -> None:
    first = min(component, key=list(layers).index)
    cycle = [source for source, _ in nx.find_cycle(component, first)]
    route = " -> ".join([*cycle, cycle[0]])
    anchor = min(cycle, key=list(layers).index)
    problems.add(
        anchor,
        "SN302",
        f"it depends on itself: {route}",
        "a network is a graph without cycles; cut one of these edges",
    )
    problems.broken.update(component)


def _add(graph: Graph, name: str, layer: Layer, groups: tuple[str, ...], problems: Problems) -> None:
    """Place one layer on its groups and connect it. Its inputs are in the graph already."""
    own = _groups_of(graph, name, layer, groups, problems)
    if own is None:
        return
    found = len(problems.found)
    reads = {Node(name, group): _reads(graph, name, layer, group, problems) for group in own}
    if len(problems.found) > found:
        return
    crossing = any(s.group != node.group for node, read in reads.items() for shares in read for s in shares)
    if layer.cross_group and not crossing:
        sources = ", ".join(f"{s} on {'+'.join(graph.groups[s])}" for s in layer.inputs)
        message = f"cross_group is declared, but nothing crosses: {sources} is read on {'+'.join(own)}"
        problems.add(name, "SN504", message, "remove cross_group", "cross_group")
        return
    whole = all(layer.cross_group or source in graph.replicated for source in layer.inputs)
    replicated = len(own) > 1 and layer.divided is None and whole
    try:
        graph.shares[name] = layer.share(1 if replicated else len(own))
    except LayerError as error:
        problems.add_error(name, error)
        return
    if replicated:
        graph.replicated.add(name)
    graph.order.append(name)
    graph.groups[name] = own
    graph.reads.update(reads)
    for node, read in reads.items():
        graph.nx.add_node(node)
        for shares in read:
            graph.nx.add_edges_from(
                (source, node, {"crosses": source.group != node.group}) for source in shares
            )


def _groups_of(
    graph: Graph, name: str, layer: Layer, groups: tuple[str, ...], problems: Problems
) -> tuple[str, ...] | None:
    """The groups a layer lives on, in group order; None if it names one that does not exist."""
    if isinstance(layer, Input):
        return groups
    if layer.group is None:
        return graph.groups[layer.inputs[0]]
    for index, group in enumerate(layer.group):
        if group not in groups:
            slot = (index,) if len(layer.group) > 1 else ()
            problems.add(
                name,
                "SN501",
                f"there is no group '{group}'",
                suggestion(group, groups, noun="group"),
                "group",
                *slot,
            )
            return None
    return tuple(group for group in groups if group in layer.group)


def _reads(graph: Graph, name: str, layer: Layer, group: str, problems: Problems) -> tuple[Read, ...]:
    """What a layer's share on `group` reads, an entry for each input. Reports crossings not declared."""
    reads: list[Read] = []
    for index, source in enumerate(layer.inputs):
        holders = graph.groups[source]
        if source in graph.replicated:
            holders = (group,) if group in holders else holders[:1]
        elif not layer.cross_group and group in holders:
            holders = (group,)
        if not layer.cross_group and holders != (group,):
            slot = (index,) if len(layer.inputs) > 1 else ()
            message = f"on {group} it reads '{source}', which lives on {'+'.join(graph.groups[source])} only"
            hint = "declare the crossing with cross_group: true, or move one of the two layers"
            problems.add(name, "SN503", message, hint, "from", *slot)
        reads.append(tuple(Node(source, holder) for holder in holders))
    return tuple(reads)
