"""One of two specs that are compared: its layers, what each reads, where it lives and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from specnet.diffs.meaning import follows_recipe, meaning
from specnet.diffs.normal_form import canonical
from specnet.layers.base import Layer
from specnet.network.network import Network
from specnet.spec.spec import Spec

PLACED = ("from", "group", "cross_group")
"""What a layer says of its place in the network, not of itself."""


@dataclass(frozen=True)
class Side:
    """`data` is the spec in its normal form, with every place written out. `network` is None for a spec that
    is not valid, of which less can be said."""

    spec: Spec
    data: Mapping[str, Any]
    network: Network | None
    reads: Mapping[str, tuple[str, ...]]
    readers: Mapping[str, tuple[str, ...]]
    loss: Mapping[str, tuple[str, ...]]
    """The keys at which the loss names a layer, for those that it reads."""
    _told: dict[str, str] = field(default_factory=dict)
    _meant: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: Spec, network: Network | None = None) -> Side:
        readers: dict[str, list[str]] = {name: [] for name in spec.layers}
        for name, layer in spec.layers.items():
            for source in dict.fromkeys(layer.inputs):
                if source in readers:
                    readers[source].append(name)
        return cls(
            spec=spec,
            data=canonical(spec),
            network=network,
            reads={name: layer.inputs for name, layer in spec.layers.items()},
            readers={source: tuple(names) for source, names in readers.items()},
            loss=_read_by_loss(spec),
        )

    @property
    def layers(self) -> Mapping[str, Layer]:
        return self.spec.layers

    def layer(self, name: str) -> dict[str, Any]:
        """A layer's data."""
        found: dict[str, Any] = self.data["layers"][name]
        return found

    def place(self, name: str) -> str | list[str] | None:
        """The group or groups that a layer lives on; None for an input, or where that is not known."""
        return self.layer(name).get("group")

    def is_whole(self, name: str) -> bool:
        """Whether a layer lives on one group, so that what crosses follows from where its inputs are."""
        return isinstance(self.place(name), str)

    def inherits(self, name: str) -> bool:
        """Whether a layer lives where its first input does, by what the file says."""
        return self.layers[name].group is None and bool(self.reads[name])

    def follows(self, name: str) -> bool:
        """Whether a layer lives where its first input does, whether or not the file says so."""
        first = self.reads[name][0] if self.reads[name] else ""
        return self.inherits(name) or (first in self.layers and self.place(first) == self.place(name))

    def told(self, name: str) -> str:
        """What a layer says of itself."""
        if name not in self._told:
            own = self.layer(name)
            self._told[name] = repr(sorted((key, own[key]) for key in own if key not in PLACED))
        return self._told[name]

    def meant(self, name: str) -> str:
        """What a layer comes to, the same for all ways to write it. What it says, where that is not known."""
        if name not in self._meant:
            self._meant[name] = self._meaning(name)
        return self._meant[name]

    def _meaning(self, name: str) -> str:
        if self.network is None:
            return self.told(name)
        share = self.network.shares[self.network.graph.nodes[name][0]]
        meant = meaning(share.layer, share.inputs, self.spec)
        if "weights" in meant and follows_recipe(share.layer, self.spec):
            meant["weights"] = None  # whatever the recipe has
        own = repr(sorted(meant.items()))
        return f"{own} {share.layer.split_field and getattr(self.layers[name], share.layer.split_field)}"

    @cached_property
    def below(self) -> list[str]:
        """All layers, each after those that it reads; those of a circle last, as they stand in the file."""
        return list(self.network.graph.order) if self.network else _below(self.reads)


def _below(reads: Mapping[str, Iterable[str]]) -> list[str]:
    left = {name: {source for source in sources if source in reads} for name, sources in reads.items()}
    readers: dict[str, list[str]] = {name: [] for name in reads}
    for name, sources in left.items():
        for source in sources:
            readers[source].append(name)
    ready, order = [name for name, sources in left.items() if not sources], list[str]()
    while ready:
        name = ready.pop()
        order.append(name)
        for reader in readers[name]:
            left[reader].discard(name)
            if not left[reader]:
                ready.append(reader)
    placed = set(order)
    return [*order, *(name for name in reads if name not in placed)]


def _read_by_loss(spec: Spec) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, layer in (spec.training.loss.sources if spec.training else {}).items():
        found.setdefault(layer, []).append(key)
    return {layer: tuple(keys) for layer, keys in found.items()}
