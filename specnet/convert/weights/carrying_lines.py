"""What becomes of every parameter that is carried from one network to another, in lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from specnet.convert.weights.account import by_share
from specnet.diffs.carrying import Carried, How, Index, Piece, Place, WeightMapping, runs
from specnet.network.graph import Node

SHOWN = 4
"""Ranges of rows or columns, and pieces of a parameter, that are written out."""


def lines(mapping: WeightMapping, refused: Mapping[str, str]) -> list[str]:
    """Every parameter by what becomes of it, a layer by its name alone where that is all of it.

    Of what is permuted or joined it says what stands where: `rows 0:48` are the first 48. `refused` are
    reasons why parameters are not carried.
    """
    made = []
    for word in ("same", "moved"):
        shown = ", ".join(_as_they_are(mapping, word))
        made += [f"{word}: {shown}"] if shown else []
    made += _in_pieces(mapping)
    anew = [str(place) for place in mapping.anew]
    plain = [name for name in anew if name not in refused]
    made += [f"anew: {by_share(plain)}"] if plain else []
    made += [f"anew: {name}, as {refused[name]}" for name in anew if name in refused]
    return [*made, "with these weights both compute the same"] if mapping.same_network else made


def _as_they_are(mapping: WeightMapping, how: How) -> Iterator[str]:
    """What is carried as it is, with the name that it has in the first network if that is another."""
    layers: dict[str, list[tuple[Place, Carried | None]]] = {}
    for place in mapping.anew:
        layers.setdefault(place.node.layer, []).append((place, None))
    for place, entry in mapping.entries.items():
        layers.setdefault(place.node.layer, []).append((place, entry))
    order = dict.fromkeys(place.node.layer for place in mapping.entries)
    for name in order:
        carried = [(place, entry) for place, entry in layers[name] if entry and entry.how == how]
        origins = {_origin(entry).layer for _, entry in carried}
        if how == "same" and len(origins) == 1 and len(carried) == len(layers[name]):
            yield _from(name, *origins)
        else:
            yield from _shares(carried)


def _shares(carried: Iterable[tuple[Place, Carried]]) -> Iterator[str]:
    """Shares with their parameters."""
    pairs: dict[tuple[Node, Node], list[str]] = {}
    for place, entry in carried:
        pairs.setdefault((place.node, _origin(entry)), []).append(str(place))
    for (node, origin), names in pairs.items():
        yield _from(by_share(names), str(origin), str(node))


def _from(shown: str, origin: str, name: str = "") -> str:
    return shown if origin == (name or shown) else f"{shown} from {origin}"


def _origin(entry: Carried) -> Node:
    return entry.pieces[0].place.node


def _in_pieces(mapping: WeightMapping) -> Iterator[str]:
    """What is permuted or joined, the parameters of a share together where they are cut alike."""
    alike: dict[object, list[Place]] = {}
    for place, entry in mapping.entries.items():
        if entry.how in ("permuted", "joined"):
            cut = tuple((piece.place.node, piece.rows, piece.columns) for piece in entry.pieces)
            alike.setdefault((place.node, entry.how, cut), []).append(place)
    for first, *others in alike.values():
        entry = mapping.entries[first]
        name = by_share(map(str, (first, *others))) if others else str(first)
        yield f"{entry.how}: {name} is {_made_of(entry.pieces, of_shares=bool(others))}"


def _made_of(pieces: Sequence[Piece], *, of_shares: bool) -> str:
    shown = [_piece(piece, of_shares=of_shares) for piece in pieces[:SHOWN]]
    return ", then ".join([*shown, *_more(len(pieces))])


def _piece(piece: Piece, *, of_shares: bool) -> str:
    parts = [
        f"{what} {_ranges(index)}"
        for what, index in (("rows", piece.rows), ("columns", piece.columns))
        if index is not None
    ]
    origin = str(piece.place.node if of_shares else piece.place)
    return f"{' and '.join(parts)} of {origin}" if parts else origin


def _ranges(index: Index) -> str:
    every = runs(index)
    return ", ".join([*(f"{start}:{stop}" for start, stop in every[:SHOWN]), *_more(len(every))])


def _more(count: int) -> list[str]:
    return [f"{count - SHOWN:,} more"] if count > SHOWN else []
