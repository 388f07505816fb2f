"""Which trained values of one network fit another: what a diff counts, and what a training starts from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from specnet.layers.base import Shape, Weight
from specnet.network.graph import Node
from specnet.network.network import Network


class Place(NamedTuple):
    """A parameter or running statistic of a network: its share, and its role in it."""

    node: Node
    role: str

    def __str__(self) -> str:
        return f"{self.node}.{self.role}"


class Needs(NamedTuple):
    """What must be equal for trained values to fit: the shape, and the order of the groups that are read."""

    shape: Shape
    groups: tuple[str, ...]


class Fitting(NamedTuple):
    """By the places of the second network, those of the first whose values fit, and those that bear the same
    name and do not."""

    fit: dict[Place, Place]
    unfit: dict[Place, Place]


def fitting(
    before: Network, after: Network, renamed: Mapping[str, str], same: Mapping[str, str] | None
) -> Fitting:
    """What fits of a first network, whose groups bear the second one's names.

    `renamed` are new names of layers by their old ones; `same` gives each node of the first network its name
    in the second if the two are one network.
    """
    nodes = {str(node): node for node in after.shares}
    old: dict[Place, tuple[Needs, Place]] = {}
    for place, needs, _ in places(before):
        node = Node(renamed.get(place.node.layer, place.node.layer), place.node.group)
        there = node if same is None else nodes[same[str(place.node)]]
        old[Place(there, place.role)] = needs, place
    made = Fitting({}, {})
    for place, needs, _ in places(after):
        if place in old:
            theirs, origin = old[place]
            (made.fit if theirs == needs else made.unfit)[place] = origin
    return made


def places(network: Network) -> Iterator[tuple[Place, Needs, Weight]]:
    """Everything of a network's state, with what its values depend on."""
    for node, share in network.shares.items():
        read = tuple(source.group for argument in share.reads for source in argument)
        groups = read if len(set(read)) > 1 else ()
        for role, weight in share.parameters().items():
            yield Place(node, role), Needs(weight.shape, groups), weight
