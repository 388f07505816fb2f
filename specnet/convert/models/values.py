"""What a tensor of a graph is while it is read: a layer of the draft, a constant, or a layer in disguise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from specnet.convert.models.draft import Draft, Part, Place, UnsayableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]


@dataclass(frozen=True)
class Constant:
    """A tensor that is known when the model is read: its sizes, and its values when they are asked for."""

    name: str
    shape: tuple[int, ...]
    make: Callable[[], Array]

    @cached_property
    def values(self) -> Array:
        """Raises `UsageError` if they are not what the file says of them."""
        return self.make()

    def moved(self, name: str, shape: tuple[int, ...], move: Callable[[Array], Array]) -> Constant:
        """A constant whose values are these, moved, which is done when they are asked for."""
        return Constant(name, shape, lambda: move(self.values))


@dataclass(frozen=True)
class Seen:
    """A layer's values in another order than they are computed in, until something puts them back.

    `last` is an image with its channels last; `row` is such an image flattened; `blocks` and `dealt` are one
    whose channels stand in so many blocks, before and after these were exchanged with the channels in them.
    """

    part: Part
    how: str
    blocks: int = 0

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of an image as the graph has it."""
        channels, *window = self.part.shape
        if self.how == "last":
            return (*window, channels)
        if self.how == "row":
            return (math.prod(self.part.shape),)
        cut = (self.blocks, channels // self.blocks)
        return (*(cut if self.how == "blocks" else cut[::-1]), *window)


Value = Part | Constant | Seen
Shown = Value | None
"""None is the value of what could not be said: what is computed from it is passed over."""


def sizes_of(value: Part | Seen) -> tuple[int, ...]:
    """The sizes of one image's values as the graph has them."""
    return value.shape if isinstance(value, Part) else value.sizes


class Operation:
    """An operation of a graph that becomes a layer of the draft, or several."""

    draft: Draft

    @property
    def place(self) -> Place:
        """Where it stands in its model."""
        raise NotImplementedError

    def called(self, *parameters: str) -> str:
        """What its layer is called; its parameters' names may say it."""
        raise NotImplementedError

    def refuse(self, message: str, hint: str | None = None) -> UnsayableError:
        """The finding that this operation has no meaning here, to be raised."""
        return UnsayableError(self.place, message, hint)

    def add(self, kind: str, reads: Sequence[Part], name: str = "", **fields: Any) -> Part:
        """Add a layer to the draft, under the operation's name if no other one is given."""
        return self.draft.add(kind, name or self.called(), reads, self.place, **fields)


def short(number: float) -> float:
    """A number that a float32 was made of, as it was written: 1e-4, not 9.999999747378752e-05."""
    return float(f"{number:.7g}")
