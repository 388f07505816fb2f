"""Network -> Content: what a picture has to tell, before anything has a place.

An input lies on every group and is told once; every other layer has an item for each of its groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from specnet.drawing.labels import amounts, key_numbers, tag
from specnet.drawing.style import Family, Status
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.network.shapes import Share
from specnet.syntax.emit import written
from specnet.tables import build
from specnet.text import describe, plural

EVERYWHERE = ""
"""The group in the key of an item that lies on all groups; no group can have this name."""


class Line(NamedTuple):
    """A line under a box's name, and whether it tells of a change."""

    text: str
    status: Status = "same"


@dataclass(frozen=True, slots=True)
class Item:
    """One box. `lines` are the key numbers under the name, `output` is the shape that leaves it."""

    key: Node
    nodes: tuple[Node, ...]
    name: str
    kind: str
    tag: str
    lines: tuple[Line, ...]
    parameters: int
    amounts: str
    family: Family
    output: str
    hover: str
    status: Status = "same"
    output_status: Status = "same"
    amounts_status: Status = "same"
    whose: str = ""
    """Whose output it is, where that has to be said."""

    def leaving(self) -> str:
        """The output in words, for the label of what leaves the box."""
        return self.whose + self.output

    def under_name(self) -> list[str]:
        """All lines that follow the name, for formats that set them as plain lines."""
        return [line for line in (self.tag, *(line.text for line in self.lines), self.amounts) if line]


@dataclass(frozen=True, slots=True)
class Link:
    """One share read by another. `group` is the reader's, and `values` counts the numbers per image; in a
    diff `crossed` is how many of them crossed groups before."""

    source: Node
    target: Node
    crosses: bool
    values: int
    status: Status = "same"
    crossed: int = 0

    @property
    def group(self) -> str:
        return self.target.group


@dataclass(frozen=True, slots=True)
class Column:
    """One group: its name and what it holds."""

    name: str
    parameters: int
    note: str
    status: Status = "same"


@dataclass(frozen=True)
class Content:
    """A network as a reader sees it. `order` has every layer after its inputs."""

    title: str
    subtitle: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    items: dict[Node, Item]
    links: tuple[Link, ...]
    is_diff: bool = False

    def labelled(self) -> set[Link]:
        """Links to write a shape on where each has its own label: a crossing's stands beside it already."""
        within = {link.source for link in self.links if not link.crosses}
        return {link for link in self.links if not link.crosses or link.source not in within}

    def crossings(self) -> dict[tuple[Node, str], Link]:
        """The cross-group edges as the layer table counts them, each with the first link that is one."""
        return self._edges(link for link in self.links if link.crosses and link.status != "removed")

    def crossings_before(self) -> dict[tuple[Node, str], Link]:
        """The same of what a diff started from."""
        return self._edges(link for link in self.links if link.crossed)

    def _edges(self, links: Iterable[Link]) -> dict[tuple[Node, str], Link]:
        edges: dict[tuple[Node, str], Link] = {}
        for link in links:
            edges.setdefault((link.source, link.group), link)
        return edges


def of(network: Network) -> Content:
    """Everything to be drawn of a network."""
    table = build.make(network)
    columns = tuple(
        Column(name, total.parameters, amounts(total.parameters, total.macs) or "holds no parameters")
        for name, total in table.groups.items()
    )
    totals = table.totals
    facts = [f"{totals.parameters:,} parameters", f"{totals.macs:,} MACs"]
    if len(columns) > 1:
        edges = plural(totals.cross_group_edges, "edge")
        facts.append(f"{totals.cross_group_values:,} values cross groups on {edges}")
    return Content(
        title=table.name,
        subtitle=" · ".join(facts),
        columns=columns,
        order=tuple(network.graph.order),
        items={item.key: item for name in network.graph.order for item in _items(network, name)},
        links=tuple(_links(network)),
    )


def key_of(network: Network, node: Node) -> Node:
    """The key of the item that a share is told in."""
    is_input = network.graph.layers[node.layer].is_input
    return Node(node.layer, EVERYWHERE) if is_input else node


def _items(network: Network, name: str) -> list[Item]:
    nodes = [Node(name, group) for group in network.graph.groups[name]]
    if network.graph.layers[name].is_input:
        return [_item(network, Node(name, EVERYWHERE), tuple(nodes))]
    return [_item(network, node, (node,)) for node in nodes]


def _item(network: Network, key: Node, nodes: tuple[Node, ...]) -> Item:
    share = network.shares[nodes[0]]
    parameters = sum(w.size for w in share.parameters().values() if w.trainable)
    numbers = key_numbers(share.layer)
    return Item(
        key=key,
        nodes=nodes,
        name=key.layer,
        kind=share.layer.kind,
        tag=tag(share.layer),
        lines=(Line(numbers),) if numbers else (),
        parameters=parameters,
        amounts=amounts(parameters, share.macs()),
        family=_family(share),
        output=describe(share.output),
        hover=_hover(network, key, share),
    )


def _family(share: Share) -> Family:
    if share.layer.is_input:
        return "input"
    if not share.macs():
        return "plain"
    return "units" if len(share.output) == 1 else "map"


def _hover(network: Network, key: Node, share: Share) -> str:
    """All there is to know about a share, in lines."""
    weights = share.parameters()
    trainable = sum(w.size for w in weights.values() if w.trainable)
    settings = {
        field: value
        for field, value in share.layer.as_yaml().items()
        if field not in ("kind", "from", "group", "cross_group", "shape")
    }
    reads = [
        f"{source}{' (crosses)' if source.group != key.group and source == key_of(network, source) else ''}"
        for read in share.reads
        for source in read
    ]
    held = [f"{role} {describe(weight.shape)}" for role, weight in weights.items()]
    where = "on every group" if key.group == EVERYWHERE else f"on {key.group}"
    lines = [
        f"{key.layer} {where}",
        f"{share.layer.kind}, output {describe(share.output)}",
        f"reads {', '.join(reads)}" if reads else "",
        *(f"{field}: {written(value)}" for field, value in settings.items()),
        f"holds {', '.join(held)}" if held else "",
        f"{trainable:,} parameters" if trainable else "",
        f"{share.macs():,} MACs per image" if share.macs() else "",
    ]
    return "\n".join(line for line in lines if line)


def _links(network: Network) -> list[Link]:
    links: dict[tuple[Node, Node], Link] = {}
    for target in network.graph.reads:
        for read in network.graph.reads[target]:
            for node in read:
                source = key_of(network, node)
                crosses = source == node and node.group != target.group
                values = math.prod(network.shares[node].output)
                links.setdefault((source, target), Link(source, target, crosses, values))
    return list(links.values())
