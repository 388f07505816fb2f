"""Which shares of two networks are laid beside each other, for what follows from a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specnet.network.graph import Node
from specnet.network.network import Network

Pair = tuple[tuple[Node, ...], tuple[Node, ...]]
"""Shares of the first network, whose groups bear the second one's names, and those that they are there: of
one layer each, full or a part of it."""


def by_name(before: Network, after: Network, renamed: Mapping[str, str]) -> list[Pair]:
    """The layers that stand in both; `renamed` are new names by old ones."""
    there = after.graph.nodes
    named = ((before.graph.nodes[name], renamed.get(name, name)) for name in before.graph.order)
    return [(nodes, there[name]) for nodes, name in named if name in there]


def with_names(pairs: Sequence[Pair], before: Network, after: Network) -> list[Pair]:
    """The pairs, and the layers of one name in both that are in none, in the order of the second network."""
    olds, news = ({node.layer for pair in pairs for node in pair[side]} for side in (0, 1))
    rest = by_name(before, after, {})
    added = (p for p in rest if p[0][0].layer not in olds and p[1][0].layer not in news)
    place = {name: index for index, name in enumerate(after.graph.order)}
    return sorted([*pairs, *added], key=lambda pair: place[pair[1][0].layer])


def share_by_share(pairs: Sequence[Pair]) -> Iterator[tuple[Node, Node]]:
    """The shares one for one: those on the same group, else in order where there are as many of both."""
    for olds, news in pairs:
        there = {node.group: node for node in news}
        if len(olds) == len(news) and there.keys() != {node.group for node in olds}:
            yield from zip(olds, news, strict=True)
        else:
            yield from ((node, there[node.group]) for node in olds if node.group in there)
