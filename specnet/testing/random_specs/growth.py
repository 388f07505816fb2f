"""Random valid networks.

A network grows one layer at a time. Each draw is put to `network.analyse`; one that the language refuses (a
window that does not fit, filters that do not divide, a crossing that is not there) is dropped and the next
is made, so the language itself says what is valid. Images are at most 12x12 with at most 16 channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from specnet.diagnostics.errors import SpecError
from specnet.layers.base import Shape
from specnet.layers.weighted import Trainable
from specnet.network.network import Network, analyse
from specnet.plugins import load as load_plugin
from specnet.spec.spec import load
from specnet.testing.random_specs.draws import Draws
from specnet.testing.random_specs.fields import FIELDS, IMAGE_KINDS, LARGEST_CHANNELS, VECTOR_KINDS, bias
from specnet.testing.random_specs.losses import random_loss
from specnet.testing.random_specs.recipes import random_recipe

CLASSES = 5


def network_of(data: Mapping[str, Any]) -> Network:
    """The network of a spec that is known to be valid."""
    return analyse(load(data))


class Growth:
    """A network under construction. `network` is what `layers` declare, once there is a layer."""

    def __init__(self, seed: int) -> None:
        self._seed, self._name = seed, f"random_{seed}"
        self._draws = Draws(seed)
        self._recipe = Draws(seed, "random recipe")
        self._heads = ["logits"]
        self._groups = [f"g{index}" for index in range(self._draws.groups)]
        self._layers: dict[str, dict[str, Any]] = {}
        self._network: Network | None = None

    def spec(self) -> dict[str, Any]:
        sizes = [self._draws.between(1, 4), self._draws.between(5, 12), self._draws.between(5, 12)]
        self._layers["image"] = {"kind": "input", "shape": sizes}
        while not self._added("image", {**FIELDS["conv"](self._draws), "group": self._pinned()}):
            pass
        for _ in range(self._draws.between(3, 9)):
            for _attempt in range(20):
                if self._added(*self._candidate()):
                    break
        self._end()
        self._freeze()
        return self._mapping(training=True)

    def _mapping(self, *, training: bool) -> dict[str, Any]:
        layers = {
            name: {key: value for key, value in layer.items() if value is not None}
            for name, layer in self._layers.items()
        }
        mapping: dict[str, Any] = {"specnet": 1, "name": self._name, "groups": self._groups, "layers": layers}
        if training:
            loss = random_loss(self._recipe, self._heads)
            mapping["training"] = {"loss": loss, **random_recipe(self._seed)}
        return mapping

    def _added(self, sources: Any, layer: dict[str, Any], name: str | None = None) -> bool:
        """Add a layer if the network stays valid with it, declaring its crossing where there is one."""
        name = name or f"{layer['kind']}{len(self._layers)}"
        before = dict(self._layers)
        for cross_group in self._draws.shuffled([False, True]):
            self._layers[name] = {**layer, "from": sources, "cross_group": cross_group}
            try:
                network = network_of(self._mapping(training=False))
            except SpecError:
                self._layers = dict(before)
                continue
            if self._small(network, name):
                self._network = network
                return True
            self._layers = dict(before)
        return False

    def _small(self, network: Network, name: str) -> bool:
        shape = network.output_shape(name)
        return math.prod(shape) <= 16 * 12 * 12 and (len(shape) == 1 or shape[0] <= LARGEST_CHANNELS)

    def _candidate(self) -> tuple[Any, dict[str, Any]]:
        """The source or sources and the fields of a layer that may fit."""
        assert self._network is not None
        network = self._network
        made = [name for name in self._layers if name != "image"]
        unread = [name for name in network.graph.sinks() if name != "image"]
        source = self._draws.among(*(unread if self._draws.chance(0.7) else ["image", *made]))
        shape = network.output_shape(source)
        kind = self._draws.among(*(IMAGE_KINDS if len(shape) == 3 else VECTOR_KINDS))
        sources: Any = source
        if kind in ("add", "multiply", "concat") or (kind in ("conv", "dense") and self._draws.chance(0.2)):
            alike = [name for name in made if self._alike(name, shape, kind)]
            if alike:  # with the source itself among them: a layer may read one input twice
                count = self._draws.between(1, min(2, len(alike)))
                sources = self._draws.shuffled([source, *self._draws.shuffled(alike)[:count]])
        return sources, {
            **FIELDS[kind](self._draws),
            "group": self._pinned() if self._draws.chance(0.2) else None,
        }

    def _alike(self, name: str, shape: Shape, kind: str) -> bool:
        assert self._network is not None
        other = self._network.output_shape(name)
        if kind in ("add", "multiply"):
            return other == shape or (
                kind == "multiply" and other[0] == shape[0] and math.prod(other[1:]) == 1
            )
        return len(other) == len(shape) and other[1:] == shape[1:]

    def _end(self) -> None:
        """Join all loose ends in one dense layer on one group; now and then one end stays loose, and another
        layer is a second head."""
        assert self._network is not None
        ends: list[str] = []
        for name in self._network.graph.sinks():
            if name == "image" or (ends and self._draws.chance(0.1)):
                continue
            if len(self._network.output_shape(name)) == 1:
                ends.append(name)
                continue
            kind = self._draws.among("flatten", "flatten", "global_avg_pool")
            assert self._added(name, {"kind": kind}, f"{name}_row")
            ends.append(f"{name}_row")
        dense = {
            "kind": "dense",
            "units": CLASSES,
            "bias": bias(self._draws),
            "group": self._draws.among(*self._groups),
        }
        made = [name for name in self._layers if name != "image"]
        assert self._added(ends if len(ends) > 1 else ends[0], dense, "logits")
        if self._recipe.chance(0.25):
            source, group = self._recipe.among(*made), self._recipe.among(*self._groups)
            if self._added(source, {"kind": "dense", "units": CLASSES, "group": group}, "early"):
                self._heads.append("early")

    def _freeze(self) -> None:
        """Now and then, keep some layers as they are; the last one is always trained."""
        if not self._draws.chance(0.25):
            return
        for name, layer in self._layers.items():
            is_able = issubclass(load_plugin("specnet.layers", layer["kind"]), Trainable)
            if is_able and name != "logits" and self._draws.chance(0.5):
                layer["trainable"] = False

    def _pinned(self) -> list[str] | None:
        """Some of the groups, or None for all that the first input is on."""
        chosen = self._draws.shuffled(self._groups)[: self._draws.between(1, len(self._groups))]
        return None if self._draws.chance(0.5) else [group for group in self._groups if group in chosen]
