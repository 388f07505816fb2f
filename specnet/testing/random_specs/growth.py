"""Random valid networks.

A network grows one layer at a time. Each draw is put to `network.analyse`; one that the language refuses (a
window that does not fit, filters that do not divide, a crossing that is not there) is dropped and the next
is made, so the language itself says what is valid. Images are at most 12x12 with at most 16 channels. Some of
the layers may then become a block, which is used once or twice.
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
from specnet.recipe.patterns import fitting
from specnet.spec.origins import BLOCK
from specnet.spec.spec import load
from specnet.testing.random_specs.blocks import FIRST, Wrapping
from specnet.testing.random_specs.draws import Draws
from specnet.testing.random_specs.fields import FIELDS, IMAGE_KINDS, LARGEST_CHANNELS, VECTOR_KINDS, bias
from specnet.testing.random_specs.images import random_images, random_metrics
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
        self._parts = Draws(seed, "random blocks")
        self._heads = ["logits"]
        self._groups = [f"g{index}" for index in range(self._draws.groups)]
        self._blocks: dict[str, dict[str, Any]] = {}
        self._layers: dict[str, dict[str, Any]] = {}
        self._frozen: list[str] = []
        self._network: Network | None = None

    def spec(self) -> dict[str, Any]:
        shape = self._image()
        self._layers["image"] = {"kind": "input", "shape": list(shape)}
        first = "conv" if len(shape) == 3 else "dense"
        while not self._added("image", {**FIELDS[first](self._draws), "group": self._pinned()}):
            pass
        for _ in range(self._draws.between(3, 9)):
            for _attempt in range(20):
                if self._added(*self._candidate()):
                    break
        if len(self._layers) > FIRST and self._parts.chance(0.2):
            self._wrap()
        self._end()
        self._freeze()
        self._declare_shapes()
        spec: dict[str, Any] = _unshared({**self._mapping(), "training": self._training(shape, f"{first}1")})
        return spec

    def _image(self) -> Shape:
        """The input's shape: an image, a square one now and then, or seldom a vector."""
        channels, height, width = (self._draws.between(low, high) for low, high in ((1, 4), (5, 12), (5, 12)))
        if self._draws.chance(0.05):
            return (channels * height,)
        return (channels, height, height if self._draws.chance(0.3) else width)

    def _mapping(self) -> dict[str, Any]:
        """The spec without a recipe."""
        layers = {
            name: {key: value for key, value in layer.items() if value is not None}
            for name, layer in self._layers.items()
        }
        blocks = {"blocks": self._blocks} if self._blocks else {}
        return {"specnet": 1, "name": self._name, "groups": self._groups, **blocks, "layers": layers}

    def _training(self, shape: Shape, first: str) -> dict[str, Any]:
        loss = random_loss(self._recipe, self._heads)
        probable = (loss["of"][0] if "of" in loss else loss)["kind"] != "mean_squared_error"
        training = {
            "loss": loss,
            **random_recipe(self._seed, first),
            **random_images(self._recipe, shape),
            "metrics": random_metrics(self._recipe, CLASSES, probable=probable),
            "frozen": (self._frozen[0] if len(self._frozen) == 1 else self._frozen) or None,
        }
        return {key: value for key, value in training.items() if value is not None}

    def _added(self, sources: Any, layer: dict[str, Any], name: str | None = None) -> bool:
        """Add a layer if the network stays valid with it, declaring its crossing where there is one."""
        name = name or f"{layer['kind']}{len(self._layers)}"
        is_told = layer["kind"] != BLOCK or "cross_group" in layer
        before = dict(self._layers)
        for cross_group in self._draws.shuffled([False, True]) if is_told else [None]:
            self._layers[name] = {**layer, "from": sources, "cross_group": cross_group}
            try:
                network = network_of(self._mapping())
            except SpecError:
                self._layers = dict(before)
                continue
            if all(_is_small(network.output_shape(made)) for made in network.graph.order if made != "image"):
                self._network = network
                return True
            self._layers = dict(before)
        return False

    def _wrap(self) -> None:
        """Write some of the layers as a block, and mostly use it a second time if it fits somewhere."""
        layers = self._mapping()["layers"]
        wrapping = Wrapping(self._parts, layers, "part", "part1")
        self._blocks, self._layers = {"part": wrapping.block}, wrapping.layers
        self._network = network_of(self._mapping())
        made = [name for name in self._layers if name != "image"]
        for _attempt in range(self._parts.among(0, 10, 10)):
            use = wrapping.again()
            use["group"] = self._pinned() if self._parts.chance(0.3) else None
            if self._added(self._parts.among(use["from"], *made), use, "part2"):
                return

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
        """Now and then, keep some layers as they are, some of them by the recipe; the heads are trained."""
        is_tuned = self._draws.chance(0.25)
        for name, layer in self._layers.items():
            parts = self._blocks[layer["of"]]["layers"].values() if layer["kind"] == BLOCK else [layer]
            if name not in self._heads and any(_is_able(part["kind"]) for part in parts):
                layer["trainable"] = self._draws.among(
                    *((None, False, False) if is_tuned else (None, None, True))
                )
        if not is_tuned:
            return
        assert self._network is not None
        layers = self._network.graph.layers
        for name in (name for name, layer in layers.items() if isinstance(layer, Trainable)):
            if name in self._heads or not self._draws.chance(0.2):
                continue
            pattern = self._draws.among(name, f"{name[:-1]}?", f"{name[:4]}*", f"?{name[1:]}")
            if not fitting([pattern], self._heads):
                self._frozen.append(pattern)

    def _declare_shapes(self) -> None:
        """Now and then, repeat the shapes of a layer's parameters, as a reader may check them."""
        network = network_of(self._mapping())
        for name, layer in self._layers.items():
            if layer["kind"] == BLOCK or not self._draws.chance(0.1):
                continue
            share = network.shares[network.graph.nodes[name][0]]
            shapes = share.parameters()
            for role, field in share.layer.checked_shapes.items():
                if role in shapes:
                    layer[field] = list(shapes[role].shape)

    def _pinned(self) -> list[str] | None:
        """Some of the groups, or None for all that the first input is on."""
        chosen = self._draws.shuffled(self._groups)[: self._draws.between(1, len(self._groups))]
        return None if self._draws.chance(0.5) else [group for group in self._groups if group in chosen]


def _is_small(shape: Shape) -> bool:
    return math.prod(shape) <= 16 * 12 * 12 and (len(shape) == 1 or shape[0] <= LARGEST_CHANNELS)


def _is_able(kind: str) -> bool:
    return issubclass(load_plugin("specnet.layers", kind), Trainable)


def _unshared(value: Any) -> Any:
    """A copy in which nothing stands in two places, which YAML would write as an alias."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value
