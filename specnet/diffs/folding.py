"""A spec in which one layer does what two of it did, or is one of a simpler kind, where the other of two
specs has it so: an activation function that is a field or a layer of its own, zeros around an image, pools of
all of it. What may be folded is said by the layers, with `Layer.merged` and `Layer.in_short`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from specnet.diffs.change import Change
from specnet.diffs.normal_form import renamed_in
from specnet.diffs.side import Side
from specnet.layers.base import Layer, LayerError, Shape
from specnet.network.network import Network, examine
from specnet.recipe.losses import Loss, Sum

Names = Mapping[str, str]
Named = tuple[str, str]
MOST_READERS = 50
"""Layers that one of one pixel is looked for a row behind."""


class Fold(NamedTuple):
    """A layer of a folded spec that does what it and another one did, or, if `lost` is empty, what it did as
    a layer of another kind or with another shape."""

    name: str
    lost: str


def folded(
    old: Network, new: Network, names: Names, pairs_of: Callable[[Network, Network], Collection[Named]]
) -> tuple[Network, Network] | None:
    """Two networks, folded where only one of them has a layer that the other one has in two, or as another
    kind. None where there is no such layer. `names` are new names of layers by their old ones, as far as they
    are known; `pairs_of` finds which layers of two networks are each other's counterparts, of which one may
    have several."""
    sides = _Folding(old), _Folding(new)
    pairs = {fold: _partner(fold, names) for fold in sides[0].folds}
    alike = [
        fold
        for fold, partner in pairs.items()
        if partner in sides[1].folds and _is_said_alike(*sides, fold.name, partner.name)
    ]
    sides[0].undo(alike)
    sides[1].undo([pairs[fold] for fold in alike])
    if not any(side.folds for side in sides):
        return None
    made = [side.made() for side in sides]
    if made[0] is None or made[1] is None:
        return None
    kept = _kept(*sides, pairs_of(made[0], made[1]))
    for side, names_kept in zip(sides, kept, strict=True):
        side.undo([fold for fold in side.folds if fold.name not in names_kept])
    if not any(side.folds for side in sides):
        return None
    made = [side.made() for side in sides]
    return (made[0], made[1]) if made[0] is not None and made[1] is not None else None


def _kept(old: _Folding, new: _Folding, pairs: Collection[Named]) -> tuple[set[str], set[str]]:
    """The layers of each side whose folds stay: those that say something else of what folds are about than
    their counterparts, and counterparts of those, where one is several in a long form."""
    kept = set[str](), set[str]()
    found = [pair for pair in pairs if not _is_said_alike(old, new, *pair)]
    while found:
        for before, after in found:
            kept[0].add(before)
            kept[1].add(after)
        found = [(one, other) for one, other in pairs if (one in kept[0]) != (other in kept[1])]
    return kept


def in_own_words(change: Change, old: Side, new: Side, names: Names) -> Change:
    """A change between two folded specs with what is read under the names that it has in the specs."""
    along = tuple(in_own_words(c, old, new, names) for c in change.along)
    origins = {after: before for before, after in names.items()}
    before, after = change.before, change.after
    if change.op == "add" and not change.field and change.layer in new.layers:
        after = new.layer(change.layer)
    elif change.op == "remove" and not change.field and change.layer in old.layers:
        before = renamed_in(old.layer(change.layer), names)
    elif change.field == "from" and change.layer in new.layers and origins.get(change.layer) in old.layers:
        before = renamed_in(old.layer(origins[change.layer]), names)["from"]
        after = new.layer(change.layer)["from"]
    return replace(change, before=before, after=after, along=along)


def _partner(fold: Fold, names: Names) -> Fold:
    """What a fold is called in the other spec."""
    return Fold(names.get(fold.name, ""), names.get(fold.lost, "") if fold.lost else "")


def _is_said_alike(old: _Folding, new: _Folding, before: str, after: str) -> bool:
    """Whether two layers say the same of what the folds of either of them are about."""
    sides = ((old, before), (new, after))
    about = set[str]().union(*(side.about(name) for side, name in sides))
    was, now = (side.network.spec.layers[name] for side, name in sides)
    return all(getattr(was, key, None) == getattr(now, key, None) for key in about)


@dataclass
class _Folding:
    """All the folds of a network, and the layers that they leave."""

    network: Network
    folds: dict[Fold, Layer] = field(default_factory=dict)
    """The layer that each of them makes."""
    _undone: set[Fold] = field(default_factory=set)
    _made: dict[str, list[Layer]] = field(default_factory=dict)
    """The layers that folds make, by the names that they keep."""
    _folded: set[str] = field(default_factory=set)
    """The names of layers that take part in a fold."""

    def __post_init__(self) -> None:
        graph = self.network.graph
        training = self.network.spec.training
        self._read = set(training.loss.sources.values()) if training else set[str]()
        self._readers: dict[str, list[str]] = {name: [] for name in graph.order}
        for name in graph.order:
            for source in graph.sources.get(name, ()):
                self._readers[source].append(name)
        self._fold()

    def undo(self, folds: Collection[Fold]) -> None:
        """Leave the layers of some folds as they are."""
        self._undone.update(folds)
        if folds:
            self._fold()

    def about(self, name: str) -> set[str]:
        """The fields of a layer in which its folds differ from it."""
        was, found = self.network.spec.layers[name], set[str]()
        for layer in self._made.get(name, ()):
            keys = {"kind"} | (type(was).model_fields.keys() & type(layer).model_fields.keys())
            found |= {key for key in keys if getattr(was, key) != getattr(layer, key)}
        return found - {"from_", "group"}

    def made(self) -> Network | None:
        """The network after all folds. None where its spec is not valid."""
        lost = {fold.lost: fold.name for fold in self.folds if fold.lost}
        layers = {name: layer for name, layer in self._layers.items() if name not in lost}
        for name, layer in layers.items():
            if any(source in lost for source in layer.inputs):
                read = tuple(lost.get(source, source) for source in layer.inputs)
                layers[name] = layer.model_copy(update={"from_": read})
        training = self.network.spec.training
        if training is not None:
            training = training.model_copy(update={"loss": _reading(training.loss, lost)})
        return examine(self.network.spec.model_copy(update={"layers": layers, "training": training})).network

    def _fold(self) -> None:
        self.folds, self._made, self._folded = {}, {}, set[str]()
        self._layers = dict(self.network.spec.layers)
        met = dict[str, str]()
        for name in self.network.graph.order:
            source = self._only_source(name)
            if source is None:
                continue
            source = met.get(source, source)
            layer, below = self._layers[name], self._layers[source]
            one = layer.merged(below, *self._inputs(source))
            if one is None:
                continue
            is_below = type(one) is type(below)
            fold = Fold(source, name) if is_below else Fold(name, source)
            if fold in self._undone or (not is_below and source in self._folded):
                continue
            if not is_below:
                groups = self.network.graph.groups[name]
                one = one.model_copy(update={"from_": below.inputs, "group": groups})
            self._note(fold, one)
            met[name] = fold.name
        self._shorten(met)

    def _shorten(self, met: Collection[str]) -> None:
        for name in self.network.graph.order:
            layer, fold = self._layers[name], Fold(name, "")
            if name in met or layer.is_input or fold in self._undone:
                continue
            one = layer.in_short(*self._inputs(name), as_row=self._is_read_as_row(name))
            if one != layer:
                self._note(fold, one)

    def _note(self, fold: Fold, made: Layer) -> None:
        self._layers[fold.name] = self.folds[fold] = made
        self._made.setdefault(fold.name, []).append(made)
        self._folded.update(fold)

    def _inputs(self, name: str) -> tuple[Shape, ...]:
        return self.network.shares[self.network.graph.nodes[name][0]].inputs

    def _only_source(self, name: str) -> str | None:
        """The one layer that it reads, where it lives and read by nothing else; None if that is not so."""
        graph, layer = self.network.graph, self.network.spec.layers[name]
        if len(layer.inputs) != 1 or layer.cross_group:
            return None
        source = layer.inputs[0]
        here = graph.groups[name] == graph.groups[source] and not graph.layers[source].is_input
        alone = self._readers[source] == [name] and source not in self._read
        return source if here and alone and not graph.layers[name].is_input else None

    def _is_read_as_row(self, name: str) -> bool:
        """Whether all that reads a layer makes a row of its one pixel, or leaves it to its own readers; these
        are at most `MOST_READERS`."""
        size = self.network.shares[self.network.graph.nodes[name][0]].output[0]
        waiting, met = [name], {name}
        while waiting:
            name = waiting.pop()
            if name in self._read or not self._readers[name] or len(met) > MOST_READERS:
                return False
            for reader in self._readers[name]:
                layer = self.network.graph.layers[reader]
                if len(layer.inputs) != 1:
                    return False
                makes_row = layer.passes_on and len(self.network.output_shape(reader)) == 1
                if makes_row or layer.declared_shape() is not None:
                    continue
                if not _takes_rows(layer, size):
                    return False
                waiting += [reader] if reader not in met else []
                met.add(reader)
        return True


def _takes_rows(layer: Layer, size: int) -> bool:
    """Whether a layer does to a row what it does to an image of one pixel."""
    row, image = (size,), (size, 1, 1)
    try:
        alike = layer.parameters(row) == layer.parameters(image)
        return alike and layer.output_shape(row) == row and layer.output_shape(image) == image
    except LayerError:
        return False


def _reading(loss: Loss, names: Names) -> Loss:
    """A loss that reads layers under other names."""
    if isinstance(loss, Sum):
        return loss.model_copy(update={"of": [_reading(part, names) for part in loss.of]})
    read: Iterator[tuple[str, str]] = ((key, getattr(loss, key)) for key in loss.reads)
    return loss.model_copy(update={key: names.get(name, name) for key, name in read})
