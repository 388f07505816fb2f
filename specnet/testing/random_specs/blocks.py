"""Random blocks: some layers of a network, written once with parameters and used in their own place."""

from __future__ import annotations

from typing import Any

from specnet.testing.random_specs.draws import Draws
from specnet.testing.random_specs.fields import FIELDS

Fields = dict[str, Any]

LONGEST = 5
"""Layers of a block."""
FIRST = 2
"""Layers that stay as they are: the image, and what reads it."""


class Wrapping:
    """A block named `of` made of layers that follow one another, and a use of it. There are at least three.

    `block` is what stands under `blocks`, `layers` those of the network with the use in their place.
    """

    def __init__(self, draw: Draws, layers: dict[str, Fields], of: str, use: str) -> None:
        self._draw = draw
        names = list(layers)
        start = draw.between(FIRST, len(names) - 1)
        self._inside = {name: dict(layers[name]) for name in names[start : start + draw.between(1, LONGEST)]}
        self._output = draw.among(*self._inside, names[start + len(self._inside) - 1])
        self._parameters: dict[str, Any] = {}
        """Their defaults; None for those that a use has to give."""
        self._places: dict[str, tuple[str, str]] = {}
        """The kind of the layer and the key that each parameter is for."""
        self.use: Fields = {"kind": "block", "of": of}
        self._name_inputs(listed(layers[names[start]]["from"]))
        self._name_crossing()
        self._name_values()
        self.block = self._written()
        self.layers = self._with_use(layers, use)

    def _name_inputs(self, read: list[str]) -> None:
        """Let `input` stand for what the first layer reads, and parameters for all else from outside."""
        self.use["from"] = read[0] if len(read) == 1 else read
        for layer in self._inside.values():
            sources = listed(layer["from"])
            if sources == read:
                layer["from"] = "input"
                continue
            named = [
                source if source in self._inside else "input" if [source] == read else self._beside(source)
                for source in sources
            ]
            layer["from"] = named if isinstance(layer["from"], list) else named[0]

    def _beside(self, source: str) -> str:
        for name in self._parameters:
            if self.use[name] == source:
                return f"${name}"
        name = f"beside{len(self._parameters)}"
        self._parameters[name] = "input" if self._draw.chance(0.3) else None
        self.use[name] = source
        return f"${name}"

    def _name_crossing(self) -> None:
        """Now and then the use says whether what it reads crosses."""
        reading = [layer for layer in self._inside.values() if _reads_outside(layer)]
        crossing = {layer["cross_group"] for layer in reading}
        if len(crossing) == 1 and self._draw.chance(0.5):
            (self.use["cross_group"],) = crossing
            for layer in reading:
                del layer["cross_group"]

    def _name_values(self) -> None:
        """Let parameters, some of them with defaults, stand for some of the layers' values."""
        for name, layer in self._inside.items():
            for key, value in layer.items():
                if key in ("kind", "from") or not self._draw.chance(0.3):
                    continue
                parameter = f"{name}_{key}"
                layer[key] = f"${parameter}"
                self._places[parameter] = layer["kind"], key
                self._parameters[parameter] = value if self._draw.chance(0.5) else None
                if self._parameters[parameter] is None or self._draw.chance(0.3):
                    self.use[parameter] = value

    def _written(self) -> Fields:
        read = {source for layer in self._inside.values() for source in listed(layer["from"])}
        block: Fields = {}
        if self._parameters:
            block["parameters"] = [
                name if default is None else {name: default} for name, default in self._parameters.items()
            ]
        block["layers"] = self._inside
        if set(self._inside) - read != {self._output} or self._draw.chance(0.5):
            block["output"] = self._output
        return block

    def _with_use(self, layers: dict[str, Fields], use: str) -> dict[str, Fields]:
        """What reads the block's output reads the use; what reads another of its layers names that one."""

        def outer(name: str) -> str:
            return name if name not in self._inside else use if name == self._output else f"{use}.{name}"

        made: dict[str, Fields] = {}
        for name, layer in layers.items():
            if name in self._inside:
                made.setdefault(use, self.use)
            elif "from" in layer:
                read = layer["from"]
                sources = outer(read) if isinstance(read, str) else [outer(one) for one in read]
                made[name] = {**layer, "from": sources}
            else:
                made[name] = layer
        return made

    def again(self) -> Fields:
        """Another use without what it reads, and with other values where these may fit."""
        use = {key: value for key, value in self.use.items() if key not in self._parameters}
        for name, default in self._parameters.items():
            value = self.use.get(name)
            if name in self._places and self._draw.chance(0.5):
                kind, key = self._places[name]
                value = FIELDS[kind](self._draw).get(key, value)
            if value is not None and (default is None or self._draw.chance(0.5)):
                use[name] = value
        return use


def listed(read: str | list[str]) -> list[str]:
    """The names in a `from`."""
    return [read] if isinstance(read, str) else list(read)


def _reads_outside(layer: Fields) -> bool:
    return any(source == "input" or source.startswith("$") for source in listed(layer["from"]))
