"""What networks compute: the output of every share from a state and images, by PyTorch in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from editing.edit import Edited
from specnet.backend import protocol as backends
from specnet.backend.protocol import State
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.numerics.randomness import Array
from specnet.plans import plan as plans
from specnet.plans.placement import place
from specnet.plans.plan import Plan
from specnet.testing import relative_error
from specnet.testing.random_specs import random_batch, random_state

LIMIT = 1e-10
LEAST = 1e-3
"""Outputs smaller than this are compared by what they are apart."""
IMAGES = 3
STATES = (1, 2)
"""Random states from which networks are compared: a unit may be dead in one of them."""

Values = dict[str, Array]


class Running:
    """A network ready to compute all its values."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.plan: Plan = plans.make(network)
        every = replace(self.plan, outputs=tuple(op.name for op in self.plan.operations))
        backend = backends.find("torch")
        placement = place(every.groups, dict.fromkeys(every.groups, "cpu"), backend.devices())
        self._executable = backend.compile(every, placement, "float64")
        self._kept: dict[int, Values] = {}

    @property
    def heads(self) -> tuple[str, ...]:
        """The values that are the network's answer."""
        return self.plan.loss_reads or self.plan.outputs

    def state(self, seed: int) -> State:
        """Random values for all parameters and running statistics, none of which is where it starts.

        Full copies of a layer see the same, so their statistics are the same.
        """
        made, graph = random_state(self.plan, seed), self.network.graph
        for parameter in self.plan.parameters:
            if parameter.layer in graph.replicated:
                made[parameter.name] = made[f"{graph.nodes[parameter.layer][0]}.{parameter.role}"]
        return made

    def values(self, state: State, images: Array) -> Values:
        """Every value of the network by its name, in evaluation mode."""
        self._executable.load_state(state)
        return self._executable.forward(dict.fromkeys(self.plan.inputs, images))

    def own_values(self, seed: int) -> Values:
        """The values from the random state of a seed, for the images of that seed."""
        if seed not in self._kept:
            self._kept[seed] = self.values(self.state(seed), self.images(seed))
        return self._kept[seed]

    def images(self, seed: int) -> Array:
        return random_batch(self.plan, seed, IMAGES).images


def same_answers(before: Running, after: Running, old: Values, new: Values) -> bool:
    """Whether all that the loss reads is equal, in order."""
    pairs = zip(before.heads, after.heads, strict=False)
    return len(before.heads) == len(after.heads) and all(equal(new[b], old[a]) for a, b in pairs)


def equal(one: Array, other: Array) -> bool:
    return relative_error(one, other, LEAST) <= LIMIT


def known_values(values: Values, old: Values) -> dict[str, bool]:
    """Whether each value is one of the others, whatever their names."""
    by_shape: dict[tuple[int, ...], list[Array]] = {}
    for value in old.values():
        by_shape.setdefault(value.shape, []).append(value)
    return {
        name: any(equal(value, other) for other in by_shape.get(value.shape, ()))
        for name, value in values.items()
    }


def is_reordered(value: Array, old: Values) -> bool:
    """Whether a value has the channels of one of the others, in any order."""
    return any(_has_channels_of(value, other) for other in old.values() if other.shape == value.shape)


def _has_channels_of(value: Array, other: Array) -> bool:
    left = list(np.moveaxis(other, 1, 0))
    for channel in np.moveaxis(value, 1, 0):
        place = next((place for place, one in enumerate(left) if equal(channel, one)), None)
        if place is None:
            return False
        del left[place]
    return True


def carried_truly(edited: Edited, before: Running, after: Running, state: State) -> State:
    """The second network's state as the edit itself says: of each layer the values of what it was.

    Values that have no origin are the second network's own.
    """
    own = after.state(99)
    made: State = {}
    for parameter in after.plan.parameters:
        old = edited.origin(parameter.layer)
        found = origin(edited, before, after, Node(parameter.layer, parameter.group), old) if old else ()
        parts = [state.get(f"{node}.{parameter.role}") for node in found]
        known = [part for part in parts if part is not None]
        values = np.concatenate(known) if known else None
        is_known = values is not None and values.shape == parameter.shape
        made[parameter.name] = values if is_known and values is not None else own[parameter.name]
    return made


def origin(edited: Edited, before: Running, after: Running, node: Node, layer: str) -> tuple[Node, ...]:
    """The shares of the first network's layer that one of the second's was: one, or all that it joins."""
    olds = before.network.graph.nodes.get(layer, ())
    news = after.network.graph.nodes[node.layer]
    there = Node(layer, edited.group_origins.get(node.group, node.group))
    if len(olds) == len(news) and there not in olds:
        return (olds[news.index(node)],)
    copied = [layer in before.network.graph.replicated, node.layer in after.network.graph.replicated]
    is_alike = len(olds) == len(news) and copied[0] == copied[1]
    if there in olds and (is_alike or _width(before, there) == _width(after, node)):
        return (there,)
    is_alone = all(
        edited.origin(other) != layer for other in after.network.graph.layers if other != node.layer
    )
    return olds if is_alone else ()


def _width(running: Running, node: Node) -> int:
    return running.network.shares[node].output[0]
