"""Where a saved model keeps a layer's variables.

Keras 3 stores them by the place of the layer, `layers/conv2d_1/vars/0`: the second `Conv2D` in the list of
layers, the variables in the order in which the layer makes them. A model in HDF5 has them by name,
`model_weights/conv1/conv1/kernel:0`, the first name being that of the layer in the outermost model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from specnet.convert.weights.keras_bytes import KerasBytes
from specnet.diagnostics.errors import UsageError
from specnet.text import describe, one_line

if TYPE_CHECKING:
    from specnet.numerics.randomness import Array


@dataclass(frozen=True)
class Step:
    """A layer's name in its model, and its place among the layers of its class there."""

    name: str
    place: str


Path = tuple[Step, ...]
"""The way to a layer: through the models that it is nested in."""


class Stored(Protocol):
    """The variables of a model."""

    def get(self, path: Path, index: int, names: Sequence[str], shape: Sequence[int]) -> Array:
        """A layer's variable, by its place among them or by one of its names.

        Raises `UsageError` if it is not there, or has another shape.
        """


class StoredByPlace:
    """As Keras 3 does it, in `model.weights.h5`."""

    def __init__(self, source: KerasBytes) -> None:
        self.source = source

    def get(self, path: Path, index: int, names: Sequence[str], shape: Sequence[int]) -> Array:
        place = "/".join(f"layers/{step.place}" for step in path)
        found = f"{place}/vars/{index}"
        called = dotted(path)
        if found not in self.source.variables:
            raise missing(self.source, called, names[0])
        owner = self.source.variables[found].owner
        if owner not in (None, path[-1].name):
            message = f"{self.source.name}: where the weights of '{called}' should be are those of "
            raise UsageError(f"{message}'{one_line(str(owner))}'")
        return checked(self.source, found, called, names[0], shape)


class StoredByName:
    """As models in HDF5 have it."""

    def __init__(self, source: KerasBytes) -> None:
        self.source = source

    @cached_property
    def _places(self) -> dict[tuple[str, str], list[str]]:
        """The places of variables by the first and the last of their names."""
        found: dict[tuple[str, str], list[str]] = {}
        for place in self.source.variables:
            parts = place.split("/")
            if parts[0] == "model_weights" and len(parts) > 2:
                found.setdefault((parts[1], parts[-1].removesuffix(":0")), []).append(place)
        return found

    def get(self, path: Path, index: int, names: Sequence[str], shape: Sequence[int]) -> Array:
        outer, own, called = path[0].name, path[-1].name, dotted(path)
        found: list[str] = []
        for name in names:
            for place in self._places.get((outer.split("/")[0], name), ()):
                owner = place.removeprefix(f"model_weights/{outer}/").rpartition("/")[0]
                if owner != place.rpartition("/")[0] and (len(path) == 1 or f"/{owner}".endswith(f"/{own}")):
                    found.append(place)
        for count in range(2, len(path) + 1):  # a name may be that of layers of several models
            own = "/".join(step.name for step in path[-count:])
            found = [place for place in found if f"/{own}/" in place] or found
        if not found:
            raise missing(self.source, called, names[0])
        if len(found) > 1:
            raise UsageError(f"{self.source.name} has two variables '{names[0]}' of '{called}'")
        return checked(self.source, found[0], called, names[0], shape)


def dotted(path: Path) -> str:
    """A layer's name with those of the models that it is nested in."""
    return one_line(".".join(step.name for step in path))


def missing(source: KerasBytes, called: str, variable: str) -> UsageError:
    return UsageError(f"{source.name} has no '{variable}' of '{called}'", "is it the model's own file?")


def checked(source: KerasBytes, place: str, called: str, variable: str, shape: Sequence[int]) -> Array:
    """The values at a place, if they have the shape that fits."""
    held = source.variables[place].shape
    if held != tuple(shape):
        told = f"{describe(held) or 'a single number'}, where {describe(tuple(shape))} fits"
        raise UsageError(f"{source.name}: '{variable}' of '{called}' is {told}")
    return source.read(place)


def place_of(kind: str) -> str:
    """A class's name as Keras writes it in a file: `SeparableConv2D` is `separable_conv2d`."""
    word = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", word).lower()
