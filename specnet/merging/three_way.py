"""What a merged spec says: of every value that which one side changed, or else what both have."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.merging.placing import ABSENT, Placing, at
from specnet.merging.sides import Side
from specnet.syntax.document import Path_

PLACED = ("from", "group", "cross_group")
NAMING_LAYERS = {("training", "frozen"), ("training", "optimizer", "rates")}
SETS = {("training", "frozen"), ("assumed", "values")}
"""Lists whose order means nothing: what each side adds and leaves out is merged."""


@dataclass(frozen=True)
class Disagreement:
    """A place that both sides changed, each in its own way; a side without it has None."""

    path: Path_
    base: Any
    ours: Any
    theirs: Any


@dataclass
class Merged:
    """`meant` is what the merged spec means, `written` how; where the sides disagree it is as in ours."""

    meant: dict[str, Any]
    written: dict[str, Any]
    taken: list[Path_] = field(default_factory=list)
    """Where theirs was taken."""
    disagreements: list[Disagreement] = field(default_factory=list)


def merged(base: Side, ours: Side, theirs: Side) -> Merged:
    """Merge three specs whose layers and groups have the same names where they are the same."""
    made = Merged(copy.deepcopy(dict(ours.meant)), copy.deepcopy(dict(ours.written)))
    sets: list[tuple[Path_, list[str]]] = []
    own, other = _News(base, ours), _News(base, theirs)
    for path, (b, o, t) in _differing((), base.meant, ours.meant, theirs.meant):
        if not other.has(path, b, t):
            continue
        if path in SETS:
            sets.append((path, _united(*map(_listed, (b, o, t)))))
        elif own.has(path, b, o):
            made.disagreements.append(Disagreement(path, b, o, t))
        else:
            made.taken.append(path)
    made.taken += _places_left_open(base, ours, theirs, own)
    meant, written = Placing(made.meant, theirs.meant), Placing(made.written, theirs.written)
    for path in made.taken:
        meant.set(path, copy.deepcopy(at(theirs.meant, path)))
    for path in made.taken:
        written.place(path, made.meant, theirs.meant)
    for path, value in sets:
        if value != _listed(at(ours.meant, path)):
            made.taken.append(path)
            for side in (meant, written):
                side.set(path, value or ABSENT)
    for side in (meant, written):
        side.put_in_order()
    return made


def _differing(path: Path_, b: Any, o: Any, t: Any) -> Iterator[tuple[Path_, tuple[Any, Any, Any]]]:
    """The smallest places at which theirs differs from base and ours: parts of another kind, and layers of
    which one is missing, are one place."""
    if t in (b, o):
        return
    known = {} if b is ABSENT and (len(path) == 1 or not _is_structure(path)) else b
    if _are_alike(known, o, t):
        for key in dict.fromkeys([*o, *known, *t]):
            yield from _differing((*path, key), known.get(key), o.get(key), t.get(key))
    elif path == ("training", "loss", "of") and b and o and t and _kinds(b) == _kinds(o) == _kinds(t):
        for index, parts in enumerate(zip(b, o, t, strict=True)):
            yield from _differing((*path, str(index)), *parts)
    else:
        yield path, (b, o, t)


def _places_left_open(base: Side, ours: Side, theirs: Side, own: _News) -> Iterator[Path_]:
    """The groups of layers that ours writes otherwise, which meant the same among the groups that were."""
    if not theirs.means_otherwise(("groups",)):
        return
    for name in ours.meant["layers"]:
        path: Path_ = ("layers", name, "group")
        b, o, t = (at(side.meant, path) for side in (base, ours, theirs))
        if b == t != o and name in theirs.meant["layers"] and not own.has(path, b, o):
            yield path


def _are_alike(b: Any, o: Any, t: Any) -> bool:
    """Whether three values are mappings of one kind. An empty one may become any."""
    if not all(isinstance(value, Mapping) for value in (b, o, t)):
        return False
    return _kind(o) == _kind(t) and (not b or _kind(b) == _kind(o))


def _kind(part: Mapping[str, Any]) -> Any:
    return part.get("kind")


def _kinds(parts: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [part.get("kind") for part in parts]


@dataclass(frozen=True)
class _News:
    """What a side says of its own, not the base in other words."""

    base: Side
    side: Side

    def has(self, path: Path_, b: Any, value: Any) -> bool:
        """Whether a value is news. What means the same in other words is none, but for layers that write the
        network out in another form, and what follows these: whoever reads them, and lists that name them."""
        if value == b:
            return False
        if _is_structure(path) or self.side.means_otherwise(path):
            return True
        if path[0] == "layers":
            return path[2] in PLACED and self._reads_otherwise(path[1])
        return path in NAMING_LAYERS and self.side.meant["layers"].keys() != self.base.meant["layers"].keys()

    def _reads_otherwise(self, layer: str | int) -> bool:
        b, own = (at(side.meant, ("layers", layer, "from")) for side in (self.base, self.side))
        if isinstance(b, list) and isinstance(own, list):
            return sorted(b) != sorted(own)
        return bool(b != own)


def _is_structure(path: Path_) -> bool:
    """Whether it is about a full layer."""
    return path[0] in ("layers", "blocks") and len(path) <= 2


def _united(base: list[str], ours: list[str], theirs: list[str]) -> list[str]:
    before, own, other = set(base), set(ours), set(theirs)
    kept = [value for value in ours if value in other or value not in before]
    return kept + [value for value in theirs if value not in before and value not in own]


def _listed(names: Any) -> list[Any]:
    return list(names) if isinstance(names, list) else [] if names is ABSENT else [names]
