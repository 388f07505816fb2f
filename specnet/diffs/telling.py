"""Changes between the long forms of two specs, in the words of the specs themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specnet.diffs.change import SHARE, Change
from specnet.diffs.families import Families, Origins
from specnet.diffs.side import Side


def told(
    changes: Iterable[Change],
    old: Side,
    new: Side,
    names: Mapping[str, str],
    olds: Origins,
    news: Origins,
    families: Families,
) -> list[Change]:
    """The changes of layers as the specs `old` and `new` would say them.

    What is the same in all shares of a layer is one change of that layer. A change of one share is told by
    the name that it has in the spec that writes it out; if all of them have changed alike, the others' come
    along with the first. That a layer is written out is no change.
    """
    origins = {after: before for before, after in names.items()}
    telling = _Telling(old, new, names, origins, olds, news, families)
    return list(telling.all(changes))


@dataclass(frozen=True)
class _Telling:
    old: Side
    new: Side
    names: Mapping[str, str]
    origins: Mapping[str, str]
    olds: Origins
    news: Origins
    families: Families

    def all(self, changes: Iterable[Change]) -> Iterator[Change]:
        alike: dict[object, list[Change]] = {}
        for change in changes:
            alike.setdefault(self._key(change), []).append(change)
        for key, members in alike.items():
            yield from self._one(members) if key is not None else ()

    def _key(self, change: Change) -> object:
        """What the changes have in common that may be one; None for what is no change."""
        if change.op == "rename":
            before, after = self.olds.get(change.layer), self.news.get(str(change.after))
            if before is None and after is None:
                return None if SHARE in f"{change.before}{change.after}" else change.path
            if before is None or after is None or before.layer == after.layer:
                return None
            return "rename", before.layer, after.layer
        side = self.olds if change.op == "remove" and not change.field else self.news
        share = side.get(change.layer)
        if share is not None and not self._has_own_name(change):
            return change.op, share.layer, change.field
        family = self.families.of(change)
        if family is None:
            return change.op, change.path
        sides = (self.families.said(change, side) for side in (change.before, change.after))
        return change.op, family.name, change.field, str([*sides])

    def _has_own_name(self, change: Change) -> bool:
        """Whether a share's counterpart in the first spec is a layer of its own."""
        partner = self.origins.get(change.layer)
        return partner is not None and partner not in self.olds

    def _one(self, alike: Sequence[Change]) -> Iterator[Change]:
        change = alike[0]
        if change.op == "rename":
            before, after = self.olds.get(change.layer), self.news.get(str(change.after))
            if before is None or after is None:
                yield change
            else:
                yield Change("rename", f"layers.{before.layer}", before.layer, after.layer, before.layer)
            return
        is_old = change.op == "remove" and not change.field
        share = (self.olds if is_old else self.news).get(change.layer)
        if share is None or self._has_own_name(change) or len(alike) < self._shares(share.layer, is_old):
            family = self.families.of(change)
            told = sorted(map(self._worded, alike), key=lambda made: made.path)
            if family is not None and len(told) == family.size > 1:
                led = [c for made in told for c in (replace(made, along=()), *made.along)]
                told = [replace(told[0], along=tuple(c for c in led if c.path != told[0].path))]
            yield from told
            return
        name = share.layer
        partner = self.origins.get(change.layer)
        origin = self.olds[partner].layer if partner is not None and partner in self.olds else name
        top = change.field.partition(".")[0]
        path = f"layers.{name}.{change.field}" if change.field else f"layers.{name}"
        made = replace(self._worded(change), path=path, layer=name)
        field = self.new.layers[name].split_field if not is_old else None
        if not change.field:
            whole = (self.old if is_old else self.new).layer(name)
            yield replace(made, before=whole if is_old else change.before, after=None if is_old else whole)
        elif top in ("from", field):
            yield replace(made, before=self.old.layer(origin).get(top), after=self.new.layer(name).get(top))
        else:
            yield made

    def _shares(self, layer: str, is_old: bool) -> int:
        return sum(node.layer == layer for node in (self.olds if is_old else self.news).values())

    def _worded(self, change: Change) -> Change:
        """A change with layers under names that one of the specs has."""
        name = self._name(change.layer)
        path = f"layers.{name}.{change.field}" if change.field else f"layers.{name}"
        sides = (self._value(change, side) for side in (change.before, change.after))
        before, after = sides
        along = tuple(map(self._worded, change.along))
        return replace(change, path=path, layer=name, before=before, after=after, along=along)

    def _name(self, name: str) -> str:
        share = self.news.get(name)
        if share is not None:
            partner = self.origins.get(name)
            return partner if partner is not None and partner not in self.olds else share.layer
        return self.olds[name].layer if name in self.olds else name.partition(SHARE)[0]

    def _value(self, change: Change, side: Any) -> Any:
        if change.field == "from":
            return self._read(side)
        if not change.field and isinstance(side, dict) and "from" in side:
            return {**side, "from": self._read(side["from"])}
        return side

    def _read(self, side: Any) -> Any:
        if isinstance(side, list):
            named = list(dict.fromkeys(map(self._name, side)))
            return named[0] if len(named) == 1 else named
        return self._name(side) if isinstance(side, str) else side
