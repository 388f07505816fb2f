"""Spec -> Graph: one node for each (layer, group), and edges that know whether they cross between groups.

The rules of the language live here. A layer lives on the groups of its first input unless `group` names
others, and `input` lives on all of them. It reads its own group's share of each input, or with
`cross_group: true` every group's share in group order.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import networkx as nx

from specnet.errors import Diagnostic, nearest, suggestion
from specnet.layers.base import Layer, LayerError
from specnet.layers.input import Input
from specnet.spec import Locate

MAX_EDGES = 300_000
"""Shares read, over all layers and groups: what a network may take of memory before its sizes are known."""
SUGGESTIONS = 20
"""Unknown names that get a suggestion. Looking for the nearest of many names is slow."""
SHOWN = 8
"""Layers of a cycle that a message names."""


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
    uncrossed: dict[Diagnostic, str] = field(default_factory=dict)
    """Findings about crossings that cross nothing, with their layers."""

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
    layers: Mapping[str, Layer | None],
    groups: tuple[str, ...] | None,
    locate: Locate,
    misnamed: Iterable[str] = (),
) -> tuple[Graph, list[Diagnostic]]:
    """The graph of all layers that are sound, and the findings about the others.

    A layer that is None was not understood; it and what depends on it are left out without a word, for its
    own finding exists already. So does one for each of the `misnamed` names, which a reader may have meant.
    Without groups, only the order of the layers is checked.
    """
    problems = Problems(locate)
    problems.broken.update(name for name, layer in layers.items() if layer is None)
    graph = Graph()
    order = _ordered(layers, list(misnamed), problems)
    if groups is None:
        return graph, problems.found
    edges = 0
    for name in order:
        layer = layers[name]
        if layer is None or any(source in problems.broken for source in layer.inputs):
            problems.broken.add(name)
        elif name not in problems.broken:
            width = len(groups) if layer.cross_group else 1
            if edges + width * len(groups) * len(layer.inputs) > MAX_EDGES:
                message = f"the network has more than {MAX_EDGES:,} edges up to here"
                problems.add(name, "SN511", message, "use fewer layers, groups or crossings", None)
                break
            edges += _add(graph, name, layer, groups, problems)
    return graph, problems.found
    edges = 0
    for name in order:
        layer = layers[name]
        if layer is None or any(source in problems.broken for source in layer.inputs):
            problems.broken.add(name)
        elif name not in problems.broken:
            edges += len(groups) * sum(len(graph.groups[source]) for source in layer.inputs)
            if edges > MAX_EDGES and len(groups) > 1:
                edges = graph.nx.number_of_edges()
                edges += len(groups) * sum(len(graph.groups[source]) for source in layer.inputs)
                if edges > MAX_EDGES:
                    problems.add(name, "SN511", f"more than {MAX_EDGES:,} edges")
                    break
            _add(graph, name, layer, groups, problems)
    return graph, problems.found


def _ordered(layers: Mapping[str, Layer | None], misnamed: list[str], problems: Problems) -> list[str]:
    """Layer names in dependency order. Reports unknown inputs, missing inputs and cycles."""
    readers = _readers(layers, misnamed, problems)
    first = next(iter(layers), None)
    if first is None or problems.found:
        pass  # a layer that is missing may be the input
    elif not any(isinstance(layer, Input) or layer is None for layer in layers.values()):
        hint = "add one: image: {kind: input, shape: [3, 224, 224]}"
        problems.add(first, "SN303", "no layer is an input", hint, None)
    elif all(isinstance(layer, Input) for layer in layers.values()):
        problems.add(first, "SN303", "nothing reads the input", "add a layer that does", None)
    order = _sorted(readers)
    if len(order) < len(layers):
        _report_cycles(readers, set(layers) - set(order), problems)
    return order


def _readers(
    layers: Mapping[str, Layer | None], misnamed: list[str], problems: Problems
) -> dict[str, list[str]]:
    """Who reads each layer. Reports names that are no layer's."""
    readers: dict[str, list[str]] = {name: [] for name in layers}
    for name, layer in layers.items():
        for index, source in enumerate(layer.inputs if layer is not None else ()):
            if source in readers:
                readers[source].append(name)
            elif nearest(source, misnamed):
                problems.broken.add(name)
            else:
                slot = (index,) if layer is not None and len(layer.inputs) > 1 else ()
                message = f"there is no layer '{source}' to read"
                few = len(problems.found) < SUGGESTIONS
                hint = suggestion(source, layers, noun="layer") if few else None
                problems.add(name, "SN301", message, hint, "from", *slot)
    return readers


def _sorted(readers: Mapping[str, list[str]]) -> list[str]:
    """The names after what they read, ties in the order of the file; those behind a cycle are left out."""
    names = list(readers)
    place = {name: index for index, name in enumerate(names)}
    waiting = dict.fromkeys(names, 0)
    for reads in readers.values():
        for name in reads:
            waiting[name] += 1
    ready = [place[name] for name in names if not waiting[name]]
    order: list[str] = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, place[reader])
    return order


def _report_cycles(readers: Mapping[str, list[str]], left: set[str], problems: Problems) -> None:
    """One finding for each knot of layers that depend on one another, at its first layer in the file."""
    place = {name: index for index, name in enumerate(readers)}
    names = nx.DiGraph((source, name) for source in left for name in readers[source] if name in left)
    for component in nx.strongly_connected_components(names):
        anchor = min(component, key=place.__getitem__)
        if len(component) == 1 and not names.has_edge(anchor, anchor):
            continue  # it only lies behind a cycle
        cycle = [source for source, _ in nx.find_cycle(names.subgraph(component), anchor)]
        start = cycle.index(min(cycle, key=place.__getitem__))
        cycle = cycle[start:] + cycle[:start]
        shown = cycle if len(cycle) <= SHOWN else [*cycle[: SHOWN - 1], "...", cycle[-1]]
        hint = "a network is a graph without cycles; cut one of these edges"
        problems.add(cycle[0], "SN302", f"it depends on itself: {' -> '.join([*shown, cycle[0]])}", hint)
    problems.broken.update(left)


def _add(graph: Graph, name: str, layer: Layer, groups: tuple[str, ...], problems: Problems) -> int:
    """Place one layer on its groups and connect it. Its inputs are in the graph already.

    Returns the number of its edges, 0 if it could not be placed.
    """
    own = _groups_of(graph, name, layer, groups, problems)
    if own is None:
        return 0
    found = len(problems.found)
    reads = {Node(name, group): _reads(graph, name, layer, group, problems) for group in own}
    if len(problems.found) > found:
        return 0
    crossing = any(s.group != node.group for node, read in reads.items() for shares in read for s in shares)
    if layer.cross_group and not crossing:
        sources = ", ".join(f"{s} on {'+'.join(graph.groups[s])}" for s in layer.inputs)
        message = f"cross_group is declared, but nothing crosses: {sources} is read on {'+'.join(own)}"
        problems.add(name, "SN504", message, "remove cross_group", "cross_group")
        graph.uncrossed[problems.found[-1]] = name
        return 0
    whole = all(layer.cross_group or source in graph.replicated for source in layer.inputs)
    replicated = len(own) > 1 and layer.divided is None and whole
    try:
        graph.shares[name] = layer.share(1 if replicated else len(own))
    except LayerError as error:
        problems.add_error(name, error)
        return 0
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
    return sum(len(shares) for read in reads.values() for shares in read)


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
