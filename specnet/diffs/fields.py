"""What a change does to receptive fields: what the outputs see of the input, and every layer on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specnet.diffs.pairs import Pair
from specnet.network.network import Network
from specnet.tables.rows import Contents, Field
from specnet.text import describe, plural


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A layer, under its new name, and its receptive field before and after; None is all of the input."""

    layer: str
    before: Field | None
    after: Field | None

    def as_json(self) -> dict[str, Any]:
        sides = {"before": self.before, "after": self.after}
        return {"layer": self.layer, **{key: list(side) if side else None for key, side in sides.items()}}

    def __str__(self) -> str:
        return f"{self.layer} {_seen(self.before)} -> {_seen(self.after)}"


@dataclass(frozen=True, slots=True)
class FieldChanges:
    """The receptive fields that differ: those of the outputs, and those of all layers in both networks.

    The outputs are what the loss reads; without a recipe, the layers that no layer reads.
    """

    outputs: tuple[FieldChange, ...]
    layers: tuple[FieldChange, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "outputs": [change.as_json() for change in self.outputs],
            "layers": [change.as_json() for change in self.layers],
        }

    def lines(self, *, everything: bool = False) -> list[str]:
        """A line for each output, and one for all layers, unless each of them is asked for."""
        lines = [f"receptive field of the output {change}" for change in self.outputs]
        known = {change.layer for change in self.outputs}
        layers = [change for change in self.layers if change.layer not in known]
        if everything or len(layers) == 1:
            return [*lines, *(f"receptive field of {change}" for change in layers)]
        if layers:
            ends = f"{layers[0]} to {layers[-1]}"
            lines.append(f"receptive fields of {plural(len(layers), 'layer')}, from {ends}")
        return lines


def field_changes(
    before: Network, after: Network, old: Contents, new: Contents, pairs: Sequence[Pair]
) -> FieldChanges:
    """The receptive fields that differ; `old` and `new` are the networks' tables."""
    was, now = ({row.name: row.receptive_field for row in table.rows} for table in (old, new))
    names = {news[0].layer: olds[0].layer for olds, news in pairs}
    read = [FieldChange(name, was[other], now[name]) for other, name in _outputs(before, after, names)]
    place = {name: index for index, name in enumerate(now)}
    changes = [FieldChange(b[0].layer, was[a[0].layer], now[b[0].layer]) for a, b in pairs]
    layers = sorted(changes, key=lambda change: place[change.layer])
    return FieldChanges(*map(_differing, (read, layers)))


def _outputs(before: Network, after: Network, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The outputs of both networks in pairs: those that are one layer, and what is left in order, if there is
    as much of it in both. `names` are old names by new ones."""
    olds, news = _read(before), _read(after)
    known = {name: names[name] for name in news if names.get(name) in olds}
    kept = set(known.values())
    lost, come = [name for name in olds if name not in kept], [name for name in news if name not in known]
    left = zip(lost, come, strict=True) if len(lost) == len(come) else ()
    return [*((old, new) for new, old in known.items()), *left]


def _read(network: Network) -> dict[str, None]:
    """The layers that the loss reads; without a recipe, those that no layer reads."""
    training = network.spec.training
    return dict.fromkeys(training.loss.sources.values() if training else network.graph.sinks())


def _differing(changes: Sequence[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(dict.fromkeys(change for change in changes if change.before != change.after))


def _seen(field: Field | None) -> str:
    return describe(field) if field else "all"
