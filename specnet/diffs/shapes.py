"""Layers whose output shape differs between two networks."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.diffs.pairs import Pair, share_by_share
from specnet.layers.base import Shape
from specnet.network.graph import Node
from specnet.network.network import Network

ShapeChange = tuple[str, Shape, Shape]
"""A layer under its new name, and its output shape before and after."""


def shape_changes(before: Network, after: Network, pairs: Sequence[Pair]) -> tuple[ShapeChange, ...]:
    """The layers whose shape differs. Where a layer of one network is a part of one in the other, as in the
    short and the long form of towers, what is compared is the shape of that part."""
    changes: dict[str, tuple[Shape, Shape]] = {}
    for olds, news in pairs:
        name = news[0].layer
        if _is_full(before, olds) and _is_full(after, news):
            found = [(before.output_shape(olds[0].layer), after.output_shape(name))]
        else:
            shares = share_by_share([(olds, news)])
            found = [(before.shares[old].output, after.shares[new].output) for old, new in shares]
        for was, now in found:
            if was != now:
                changes.setdefault(name, (was, now))
    return tuple((name, was, now) for name, (was, now) in changes.items())


def _is_full(network: Network, nodes: tuple[Node, ...]) -> bool:
    return len(nodes) == len(network.graph.nodes[nodes[0].layer])
