"""Spec -> Graph: one node for each (layer, group), and edges that know whether they cross between groups.

The rules of the language live here. A layer lives on the groups of its first input unless `group` names
others, and `input` lives on all of them. It reads its own group's share of each input, or with
`cross_group: true` every group's share in group order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.suggestions import suggestion, surely_named
from specnet.layers.base import Layer, LayerError
from specnet.layers.input import Input
from specnet.network.crossing_fixes import crossing_declared, crossing_removed
from specnet.network.layer_diagnostics import LayerDiagnostics
from specnet.network.order import ordered
from specnet.spec.spec import Locate

if TYPE_CHECKING:
    import networkx

MAX_EDGES = 300_000
"""Shares read, over all layers and groups: what a network may take of memory before its sizes are known."""


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

    `reads` has, for each node, one entry for each of the layer's inputs, in order. A replicated layer has the
    same whole output on each of its groups, as an input has; any other layer on several groups is split, a
    share on each.
    """

    order: list[str] = field(default_factory=list)
    """Layer names, every layer after its inputs, ties in the order of the file."""
    shares: dict[str, Layer] = field(default_factory=dict)
    """Each layer as one of its groups holds it."""
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reads: dict[Node, tuple[Read, ...]] = field(default_factory=dict)
    replicated: set[str] = field(default_factory=set)
    unshared: set[str] = field(default_factory=set)
    """Layers that cannot be shared out over their groups, so that nothing is known of their shapes."""
    uncrossed: dict[Diagnostic, str] = field(default_factory=dict)
    """Diagnostics about crossings that cross nothing, with their layers."""

    @cached_property
    def nx(self) -> networkx.DiGraph:
        """The same as a networkx graph: an edge for every share read, with the attribute `crosses`."""
        import networkx  # takes a tenth of a second, and `specnet validate` does without it

        made = networkx.DiGraph()
        made.add_nodes_from(self.reads)
        made.add_edges_from((s, node, {"crosses": s.group != node.group}) for s, node in self.edges())
        return made

    def edges(self) -> Iterator[tuple[Node, Node]]:
        """Each share with a node that reads it, in the order of reading."""
        for node, reads in self.reads.items():
            for read in reads:
                for source in read:
                    yield source, node

    def nodes(self) -> list[Node]:
        """All nodes, every one after what it reads."""
        return [Node(layer, group) for layer in self.order for group in self.groups[layer]]

    def crossings(self) -> list[tuple[Node, str]]:
        """The cross-group edges: one share read in one other group, each pair once."""
        pairs = {(source, node.group): None for source, node in self.edges() if source.group != node.group}
        return list(pairs)

    def sinks(self) -> list[str]:
        """Layers that no layer reads, in order."""
        return [name for name, idle in self.unread().items() if len(idle) == len(self.groups[name])]

    def unread(self) -> dict[str, tuple[str, ...]]:
        """Layers with a share that nothing reads, in order, and the groups of those shares."""
        read = {source for source, _ in self.edges()}
        idle = {name: tuple(g for g in self.groups[name] if Node(name, g) not in read) for name in self.order}
        return {name: groups for name, groups in idle.items() if groups}


def build(
    layers: Mapping[str, Layer | None],
    groups: tuple[str, ...] | None,
    locate: Locate,
    misnamed: Iterable[str] = (),
) -> tuple[Graph, list[Diagnostic]]:
    """The graph of all layers that are sound, and the findings about the others.

    A layer that is None or a plain `Layer` was not understood; it and what depends on it are left out, for
    its own finding exists already. A plain one has edges and groups, which are checked. Nothing is said of
    names that are among the `misnamed` ones, which a reader may have meant.
    Without groups, only the order of the layers is checked.
    """
    problems = LayerDiagnostics(locate)
    problems.broken.update(n for n, layer in layers.items() if layer is None or type(layer) is Layer)
    graph = Graph()
    order = ordered(layers, list(misnamed), problems)
    if groups is None:
        return graph, problems.found
    edges = 0
    for name in order:
        layer = layers[name]
        if layer is None or any(source in problems.broken for source in layer.inputs):
            problems.broken.add(name)
        if layer is not None and type(layer) is Layer:
            _named_groups(name, layer, groups, problems)
        elif layer is not None and name not in problems.broken:
            width = len(groups) if layer.cross_group else 1
            if edges + width * len(groups) * len(layer.inputs) > MAX_EDGES:
                message = f"the network has more than {MAX_EDGES:,} edges up to here"
                problems.add(
                    name, rules.TOO_MANY_EDGES, message, "use fewer layers, groups or crossings", None
                )
                break
            edges += _add(graph, name, layer, groups, problems)
    return graph, problems.found


def _add(graph: Graph, name: str, layer: Layer, groups: tuple[str, ...], problems: LayerDiagnostics) -> int:
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
        fix = crossing_removed(name, problems.locate)
        problems.add(
            name, rules.NEEDLESS_CROSSING, message, "remove cross_group", "cross_group", breaks=False, fix=fix
        )
        graph.uncrossed[problems.found[-1]] = name
    whole = all(layer.cross_group or source in graph.replicated for source in layer.inputs)
    replicated = len(own) > 1 and layer.split_field is None and whole
    try:
        graph.shares[name] = layer.split(1 if replicated else len(own))
    except LayerError as error:
        problems.add_error(name, error, breaks=False)
        graph.shares[name] = layer
        graph.unshared.add(name)
    if replicated:
        graph.replicated.add(name)
    graph.order.append(name)
    graph.groups[name] = own
    graph.reads.update(reads)
    return sum(len(shares) for read in reads.values() for shares in read)


def _groups_of(
    graph: Graph, name: str, layer: Layer, groups: tuple[str, ...], problems: LayerDiagnostics
) -> tuple[str, ...] | None:
    """The groups a layer lives on, in group order; None if it names one that does not exist."""
    if isinstance(layer, Input):
        return groups
    if layer.group is None:
        return graph.groups[layer.inputs[0]]
    if not _named_groups(name, layer, groups, problems):
        return None
    return tuple(group for group in groups if group in layer.group)


def _named_groups(name: str, layer: Layer, groups: tuple[str, ...], problems: LayerDiagnostics) -> bool:
    """Whether the groups that a layer names exist. Reports the first that does not."""
    for index, group in enumerate(layer.group or ()):
        if group not in groups:
            slot = (index,) if layer.group and len(layer.group) > 1 else ()
            hint = suggestion(group, groups, noun="group")
            meant = surely_named(group, groups)
            fix = problems.renaming(name, "group", index, group, meant)
            problems.add(
                name, rules.UNKNOWN_GROUP, f"there is no group '{group}'", hint, "group", *slot, fix=fix
            )
            return False
    return True


def _reads(graph: Graph, name: str, layer: Layer, group: str, problems: LayerDiagnostics) -> tuple[Read, ...]:
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
            fix = crossing_declared(name, problems.locate)
            problems.add(name, rules.UNDECLARED_CROSSING, message, hint, "from", *slot, fix=fix)
        reads.append(tuple(Node(source, holder) for holder in holders))
    return tuple(reads)
