"""Whose channels stand where in what a share reads and makes, through all that joins and flattens.

An expression is a row of channels, each of them one that a share makes. Two shares that read equal
expressions read the same values in the same order, however that is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from specnet.network.graph import Node
from specnet.network.network import Network


class Channels(NamedTuple):
    """Channels `start` to before `stop` of what a share makes, of `values` numbers each in a flattened row.

    `origin` is what they are known by: a share of the first network, or, of one that it does not have, that
    share's own name.
    """

    origin: Node | tuple[str, Node]
    start: int
    stop: int
    values: int = 1


MOST = 10_000
"""Parts of an expression; joins of more are not seen through."""
Expression = tuple[Channels, ...]
Unit = tuple[Node | tuple[str, Node], int, int]
"""One number of a row: whose, of which channel, and which of its values."""


def own(node: Node, network: Network) -> Node:
    """The share by which the channels of a node are known: of a layer with several full copies, the first."""
    layer = node.layer
    return network.graph.nodes[layer][0] if layer in network.graph.replicated else node


def joined(parts: Iterable[Expression]) -> Expression:
    """Expressions one after another."""
    made: list[Channels] = []
    for part in parts:
        for channels in part:
            last = made[-1] if made else None
            if last and last[0] == channels[0] and last[3] == channels[3] and last[2] == channels[1]:
                made[-1] = last._replace(stop=channels.stop)
            else:
                made.append(channels)
    return tuple(made)


def flattened(expression: Expression, values: int) -> Expression:
    """An image as a row: each of its channels has so many pixels."""
    return tuple(channels._replace(values=channels.values * values) for channels in expression)


def units(expression: Expression) -> list[Unit]:
    """Every number of a row."""
    return [
        (origin, channel, value)
        for origin, start, stop, values in expression
        for channel in range(start, stop)
        for value in range(values)
    ]


def length(expression: Expression) -> int:
    """How many numbers a row has."""
    return sum((stop - start) * values for _, start, stop, values in expression)


def cut(expression: Expression, start: int, stop: int) -> Expression:
    """The numbers of a row of whole channels from one place to before another."""
    made, at = list[Channels](), 0
    for channels in expression:
        size = channels.stop - channels.start
        first, last = max(start - at, 0), min(stop - at, size)
        if first < last:
            made.append(channels._replace(start=channels.start + first, stop=channels.start + last))
        at += size
    return tuple(made)


def read(network: Network, node: Node, made: Mapping[Node, Expression]) -> list[Expression]:
    """What a share reads for each of its arguments, from what the shares before it make."""
    return [joined(made[source] for source in argument) for argument in network.shares[node].reads]


def row_of(network: Network, node: Node, expression: Expression) -> Expression:
    """What a share reads as it stands in the columns of its weights: a dense layer flattens images."""
    share = network.shares[node]
    declared = share.layer.declared_shape()
    if declared is not None and len(declared) == 1 and len(share.inputs[0]) > 1:
        return flattened(expression, prod(share.inputs[0][1:]))
    return expression


def passed_on(network: Network, node: Node, reads: Sequence[Expression]) -> Expression:
    """What a share makes that does nothing but join or flatten."""
    share = network.shares[node]
    if len(share.output) < len(share.inputs[0]):
        return flattened(reads[0], prod(share.inputs[0][1:]))
    return reads[0]


def behind(network: Network, node: Node) -> list[Node]:
    """The shares whose values a share reads, in order, behind those that do nothing but pass them on."""
    found: list[Node] = []
    waiting = [source for read in reversed(network.shares[node].reads) for source in reversed(read)]
    while waiting:
        source = waiting.pop()
        share = network.shares[source]
        if share.layer.passes_on and len(found) + len(waiting) < MOST:
            waiting += [inner for read in reversed(share.reads) for inner in reversed(read)]
        else:
            found.append(source)
    return found
