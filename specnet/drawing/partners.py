"""Which box of one network is which of another, and where the rest of the first one's boxes stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from specnet.diffs.comparison import Comparison
from specnet.drawing.content import Content, key_of
from specnet.network.graph import Node
from specnet.network.network import Network


@dataclass(frozen=True)
class Partners:
    """`old` and `new` are the two networks; `origins` are the keys of the first one's items by those of the
    second one's. `keys` are where the first one's items stand among the second one's, and `layers` the first
    one's layers by the names of the second one's, for layers that are one in full."""

    old: Network
    new: Network
    origins: Mapping[Node, Node]
    keys: Mapping[Node, Node]
    layers: Mapping[str, str]

    def named(self, layer: str) -> set[str]:
        """The second network's layers that a change tells of; it may call one as the first network does."""
        if layer in self.new.graph.layers:
            return {layer}
        return {new.layer for new, old in self.origins.items() if old.layer == layer}


def partners(found: Comparison, before: Network, after: Network, old: Content, new: Content) -> Partners:
    """The partners of two networks whose groups bear the second one's names, as the pictures have them."""
    origins = {
        key_of(after, now): key_of(before, was)
        for olds, news in _pairs(found, before, after)
        for was, now in _by_group(olds, news)
    }
    places = {was: now for now, was in origins.items()}
    names: dict[str, str] = {}
    for was, now in places.items():
        names.setdefault(was.layer, now.layer)
    taken = set(new.items)
    for key in old.items:
        if key not in places:
            place = Node(names.get(key.layer, key.layer), key.group)
            is_other = key.layer not in names and place.layer in after.graph.layers
            places[key] = Node(f"{key.layer} (before)", key.group) if is_other or place in taken else place
    layers = {now: was for was, now in found.names.items()}
    return Partners(before, after, origins, {key: places[key] for key in old.items}, layers)


def _pairs(
    found: Comparison, before: Network, after: Network
) -> Iterator[tuple[Sequence[Node], Sequence[Node]]]:
    """The shares of layers that stand in both, those of another kind, too."""
    yield from found.shares
    for was, now in found.names.items():
        if before.graph.layers[was].kind != after.graph.layers[now].kind:
            yield before.graph.nodes[was], after.graph.nodes[now]


def _by_group(olds: Sequence[Node], news: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Shares on one group are one share; of what is left, the first is the first."""
    on = {node.group: node for node in olds}
    left = [node for node in news if node.group not in on]
    yield from ((on.pop(node.group), node) for node in news if node.group in on)
    yield from zip(on.values(), left, strict=False)
