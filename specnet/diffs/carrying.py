"""How the trained values of one network are put into another: whole, cut, joined and in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import eq
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from specnet.network.graph import Node

if TYPE_CHECKING:
    from specnet.numerics.randomness import Array

Index = tuple[int, ...] | range
"""Numbers of rows or columns. Those that follow one another are a range: there may be a thousand million."""
How = Literal["same", "moved", "permuted", "joined"]


class Place(NamedTuple):
    """A parameter or running statistic of a network: its share, and its role in it."""

    node: Node
    role: str

    def __str__(self) -> str:
        return f"{self.node}.{self.role}"


class Piece(NamedTuple):
    """What one parameter of the first network gives: some of its rows, its columns in some order.

    None stands for all of them as they are. Rows lie along the first axis, columns along the second.
    """

    place: Place
    rows: Index | None
    columns: Index | None


@dataclass(frozen=True)
class Carried:
    """Where a parameter of the second network has its values from: pieces, one after another along its rows.

    `same` in the same place, `moved` to another group, `permuted` if rows or columns stand in another order,
    `joined` if it is cut from one or joined from several.
    """

    pieces: tuple[Piece, ...]
    how: How

    def values(self, state: Mapping[str, Array]) -> Array:
        """The values, from a state of the first network by canonical name."""
        import numpy as np

        parts = []
        for place, rows, columns in self.pieces:
            part = state[str(place)]
            part = part if rows is None else part[_taken(rows)]
            parts.append(part if columns is None else part[:, _taken(columns)])
        joined: Array = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return joined

    def __str__(self) -> str:
        """The parameters that it is made of."""
        return " and ".join(dict.fromkeys(str(piece.place) for piece in self.pieces))

    def as_json(self) -> dict[str, Any]:
        pieces = [
            {
                "from": str(piece.place),
                **({"rows": runs(piece.rows)} if piece.rows is not None else {}),
                **({"columns": runs(piece.columns)} if piece.columns is not None else {}),
            }
            for piece in self.pieces
        ]
        return {"how": self.how, "pieces": pieces}


@dataclass(frozen=True)
class WeightMapping:
    """What becomes of every parameter and running statistic of a second network.

    `entries` are those that have their values from the first network, `anew` those that have none there.
    `same_network` says that with these values both compute the same, whatever the values are. `in_order` says
    that each share is made of one, with its channels and columns as they stand there. `refused` are those of
    `anew` whose layer the first network has, and what it has in their place.
    """

    entries: Mapping[Place, Carried]
    anew: tuple[Place, ...]
    same_network: bool
    in_order: bool = False
    refused: Mapping[Place, Place] = field(default_factory=dict)

    def carried(self, state: Mapping[str, Array]) -> dict[str, Array]:
        """The values of all `entries` by canonical name, from a state of the first network."""
        return {str(place): entry.values(state) for place, entry in self.entries.items()}

    def on_groups(self, names: Mapping[str, str]) -> WeightMapping:
        """The mapping with the first network's groups renamed."""
        if not names:
            return self

        def named(place: Place) -> Place:
            return Place(place.node.on_groups(names), place.role)

        entries = {
            place: replace(entry, pieces=tuple(p._replace(place=named(p.place)) for p in entry.pieces))
            for place, entry in self.entries.items()
        }
        refused = {place: named(origin) for place, origin in self.refused.items()}
        return replace(self, entries=entries, refused=refused)

    def by_places(self) -> WeightMapping:
        """The mapping where the groups keep their names: what bears another one's has moved."""

        def told(place: Place, entry: Carried) -> Carried:
            if entry.how not in ("same", "moved"):
                return entry
            stays = entry.pieces[0].place.node.group == place.node.group
            return replace(entry, how="same" if stays else "moved")

        return replace(self, entries={place: told(place, entry) for place, entry in self.entries.items()})

    def passed_names(self) -> list[str]:
        """The names of layers with values that another layer has in the first network, by which these would
        be put in the wrong place."""
        origins = {place.node.layer: e.pieces[0].place.node.layer for place, e in self.entries.items()}
        named = set(origins.values())
        return sorted(new for new, old in origins.items() if old != new and new in named)

    @cached_property
    def met(self) -> frozenset[str]:
        """The names in the first network of all that is carried or was refused."""
        pieces = (piece.place for entry in self.entries.values() for piece in entry.pieces)
        return frozenset(map(str, (*pieces, *self.refused.values())))

    def as_json(self) -> dict[str, Any]:
        """For programs; a parameter that stays as it is, is left out if its name stays too."""
        carried = {
            str(place): entry.as_json()
            for place, entry in self.entries.items()
            if entry.how != "same" or str(entry.pieces[0].place) != str(place)
        }
        return {"carried": carried, "anew": [str(place) for place in self.anew]}


def runs(index: Sequence[int]) -> list[list[int]]:
    """An index as [start, stop] of each run of consecutive numbers."""
    if isinstance(index, range):
        return [[index.start, index.stop]] if index else []
    made: list[list[int]] = []
    for number in index:
        if made and made[-1][1] == number:
            made[-1][1] = number + 1
        else:
            made.append([number, number + 1])
    return made


def without_order(index: Sequence[int], size: int) -> Index | None:
    """An index, or None if it is all there is as it stands."""
    if not isinstance(index, range) and len(index) and index[-1] - index[0] + 1 == len(index):
        whole = range(index[0], index[-1] + 1)
        index = whole if all(map(eq, index, whole)) else index
    if isinstance(index, range):
        return None if index == range(size) else index
    return tuple(index)


def _taken(index: Index) -> slice | list[int]:
    """What NumPy is asked for."""
    return slice(index.start, index.stop) if isinstance(index, range) else list(index)
