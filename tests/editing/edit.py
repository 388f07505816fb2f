"""One edit of a spec with what is true of it, and the kinds of edit by name."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, TypeVar

import networkx

from editing.data import Data, groups, heads, plain, valid
from specnet.network.network import Network

Effect = Literal["writing", "same", "training", "function", "open"]
"""What an edit is to the network: `writing` is another way to write the same; `same` is a name, a place or a
recipe, with equal outputs; `training` has equal outputs in evaluation alone; `function` may have others;
`open` has to be found out, by what each share reads."""

T = TypeVar("T")

TRIES = 12
"""Candidates that a kind makes for one network until one of them is valid."""


@dataclass(frozen=True)
class Case:
    """A valid spec that is to be edited. `written` is how it was written, maybe with blocks."""

    data: Data
    network: Network
    written: Mapping[str, Any]

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Case:
        data = plain(written)
        network = valid(data)
        assert network is not None
        return cls(data, network, written)

    @property
    def layers(self) -> dict[str, Data]:
        layers: dict[str, Data] = self.data["layers"]
        return layers

    @property
    def groups(self) -> list[str]:
        return groups(self.data)

    def made(self) -> list[str]:
        """The layers that are no input, every one after those that it reads."""
        return [name for name in self.network.graph.order if not self.network.graph.layers[name].is_input]

    def live(self) -> list[str]:
        """Those of them from which what the loss reads is made."""
        names = self.network.graph.names
        needed = set(heads(self.data)).union(*(networkx.ancestors(names, head) for head in heads(self.data)))
        return [name for name in self.made() if name in needed]


@dataclass(frozen=True)
class Edited:
    """A spec after an edit, and what is true of it.

    `edits` is how many changes a diff may tell. `origins` are old names of layers by their new ones where
    these differ, `group_origins` those of groups. `added` are layers that had no counterpart. Layers other
    than the `touched` ones and those that read them compute what they did, but for `halved` ones: another
    layer does a part of it.
    """

    data: Data
    edits: int
    effect: Effect
    origins: Mapping[str, str] = field(default_factory=dict)
    group_origins: Mapping[str, str] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    halved: frozenset[str] = frozenset()
    written: Mapping[str, Any] | None = None
    """The first spec, where that is not the plain one."""

    def origin(self, layer: str) -> str | None:
        """The old name of a layer of the new spec."""
        return None if layer in self.added else self.origins.get(layer, layer)


Kind = Callable[[Case, random.Random], Iterator[Edited]]
KINDS: dict[str, Kind] = {}


def kind(name: str) -> Callable[[Kind], Kind]:
    """Register a kind of edit: it makes candidates in random order, not all of which are valid."""

    def register(function: Kind) -> Kind:
        KINDS[name] = function
        return function

    return register


def edit(name: str, case: Case, seed: int) -> tuple[Edited, Network] | None:
    """An edit of that kind with the network that it makes, or None where it does not apply."""
    for made in islice(KINDS[name](case, random.Random(f"{seed} {name}")), TRIES):
        network = valid(made.data)
        if network is not None:
            return made, network
    return None


def shuffled(draw: random.Random, items: Iterable[T]) -> list[T]:
    """A copy in random order."""
    made = list(items)
    draw.shuffle(made)
    return made
