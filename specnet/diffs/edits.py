"""The changes between two specs whose layers are matched: as few as there are, in the file's own words."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from specnet.diffs import places
from specnet.diffs.change import Change
from specnet.diffs.defaults import along_with_their_origins
from specnet.diffs.forms import Forms
from specnet.diffs.meaning import computes, follows_recipe, is_neutral, meaning
from specnet.diffs.normal_form import renamed_in, with_layers
from specnet.diffs.places import Host
from specnet.diffs.side import PLACED, Side
from specnet.diffs.through import Through

MOST, MOST_HIDDEN = 16, 200
"""Layers that read something else among which those are looked for that merely stand elsewhere, and layers of
one spec alone beside which this is done."""
HEAD = ("specnet", "name", "groups", "data")
"""What stands before the layers."""
Names = Mapping[str, str]


def edits(old: Side, new: Side, names: Names) -> list[Change]:
    """What leads from one spec to the other but for another way to write the same; `names` are new names of
    layers by their old ones, of all that stand in both."""
    made = _Edits(old, new, names, {after: before for before, after in names.items()})
    return list(made.all())


def rank(changes: Sequence[Change]) -> tuple[int, int]:
    """The fewer the better; of as many, those with more renames, which leave more as it is."""
    said = [change for change in changes if change.is_said]
    return len(said), sum(change.op != "rename" for change in said)


def of_the_rest(old: Side, new: Side, names: Names) -> Iterator[Change]:
    """The changes of all but the layers."""
    was = with_layers({**old.data, "layers": {}}, names)
    yield from between("", was, {**new.data, "layers": {}})


@dataclass
class _Edits:
    old: Side
    new: Side
    names: Names
    origins: Names
    reads: dict[str, Change] = field(default_factory=dict)
    """Layers that read something else."""
    along: dict[Host, list[Change]] = field(default_factory=dict)
    gone: dict[str, None] = field(init=False)
    come: dict[str, None] = field(init=False)
    forms: Forms = field(init=False)

    def __post_init__(self) -> None:
        self.forms = Forms(self.old, self.new, self.names, self.origins)
        self.gone = dict.fromkeys(name for name in self.old.layers if name not in self.names)
        self.come = dict.fromkeys(name for name in self.new.layers if name not in self.origins)

    def all(self) -> Iterator[Change]:
        self._read()
        own, along = places.moved(self.old, self.new, self.origins, self._is_told)
        for host, change in along:
            self.along.setdefault(host, []).append(change)
        follows = {change.path for _, change in along}
        for before, after in self.names.items():
            if before != after:
                yield Change("rename", f"layers.{before}", before, after, before)
        rest = [c for c in of_the_rest(self.old, self.new, self.names) if not self._is_behind_the_head(c)]
        moved = {name: ("group", name) for name in own}
        moved |= {change.layer: host for host, change in along if change.field == "group"}
        written = set(self._written_out(moved))
        head = [change for change in rest if change.path.partition(".")[0] in HEAD]
        yield from (self._with("groups", "", change) for change in head)
        for before in self.old.layers:
            if before in self.names:
                yield from self._of_layer(before, own, follows)
            elif before not in written:
                yield self._with("remove", before, self._removed(before))
        for after in self.come:
            if after not in written:
                yield self._with("add", after, self._added(after))
        yield from (change for change in rest if change not in head)

    def _added(self, name: str) -> Change:
        written, inherits = self.new.layer(name), self.new.inherits(name)
        return Change("add", f"layers.{name}", None, written, name, inherits=inherits)

    def _removed(self, name: str) -> Change:
        """In the new names, as all that is read is."""
        written, inherits = renamed_in(self.old.layer(name), self.names), self.old.inherits(name)
        return Change("remove", f"layers.{name}", written, None, name, inherits=inherits)

    def _written_out(self, moved: Mapping[str, Host]) -> Iterator[str]:
        """The layers that came or went with another way to write what their readers read. Where that is
        something else, they come along with what tells it."""
        for side, lone, change in ((self.old, self.gone, self._removed), (self.new, self.come, self._added)):
            for name in lone:
                if self.forms.is_one(side, name, self.reads):
                    yield name
                    continue
                host = self.forms.host(side, name, self.reads, moved)
                if host is not None:
                    led = self.along.pop(("remove" if side is self.old else "add", name), [])
                    self.along.setdefault(host, []).extend([change(name), *led])
                    yield name

    def _is_told(self, host: Host) -> bool:
        kind, name = host
        told: dict[str, Container[str]] = {"add": self.come, "remove": self.gone, "from": self.reads}
        return name in told[kind]

    def _with(self, kind: str, name: str, change: Change) -> Change:
        """A change with what comes along with it."""
        if kind == "groups" and change.path != "groups":
            return change
        return replace(change, along=tuple(self.along.get((kind, name), ())))

    def _of_layer(self, before: str, own: Mapping[str, Change], follows: set[str]) -> Iterator[Change]:
        after = self.names[before]
        was, now = renamed_in(self.old.layer(before), self.names), self.new.layer(after)
        if was["kind"] != now["kind"]:
            yield Change("change", f"layers.{after}", was, now, after)
            return
        keys = [key for key in [*was, *(k for k in now if k not in was)] if was.get(key) != now.get(key)]
        told: list[Change] = []
        for key in keys:
            if key == "from":
                if after in self.reads:
                    told.append(self._with("from", after, self.reads[after]))
            elif key == "group":
                if after in own:
                    told.append(self._with("group", after, own[after]))
            elif f"layers.{after}.{key}" not in follows and not self._is_neutral(before, after, key):
                told += between(f"layers.{after}", {key: was.get(key)}, {key: now.get(key)}, after)
        yield from along_with_their_origins(self.old.layers[before], self.new.layers[after], told)

    def _read(self) -> None:
        """Find what reads something else, and what comes along with layers that came, went or moved."""
        old, new = self.old, self.new
        differing = [after for before, after in self.names.items() if self._differs(before, after)]
        hidden = set(self.gone), set(self.come)
        left = self._unexplained(differing, *hidden)
        explained = {name: None for name in differing if name not in left}
        moves: dict[str, Change] = {}
        while 1 < len(left) <= MOST and sum(map(len, hidden)) <= MOST_HIDDEN:
            for together in ([[name] for name in left], self._alike(left)):
                tried = ((self._beside(names, left, *hidden), names) for names in together)
                found = min(
                    tried, key=lambda pair: (len(pair[0]), self._both_names(pair[1])), default=(left, [])
                )
                if len(found[0]) < len(left) - len(found[1]):
                    break
            else:
                break
            hidden[0].update(self.origins[name] for name in found[1])
            hidden[1].update(found[1])
            moves |= {name: self._rewired(name) for name in found[1]}
            explained |= {name: None for name in left if name not in found[0] and name not in found[1]}
            left = found[0]
        self.forms = replace(self.forms, elsewhere=frozenset(moves))
        self.reads = {**moves, **{name: self._rewired(name) for name in left}}
        for name in explained:
            met = (*new.reads[name], *old.reads[self.origins[name]])
            hosts = [("add", n) for n in met if n in self.come] + [
                ("remove", n) for n in met if n in self.gone
            ]
            near = (*new.reads[name], *(self.names.get(n, n) for n in old.reads[self.origins[name]]))
            hosts += [("from", n) for n in near if n in moves]
            self.along.setdefault(hosts[0] if hosts else ("from", name), []).append(self._rewired(name))
            if not hosts:
                self.reads[name] = self._rewired(name)

    @cached_property
    def _heads(self) -> tuple[dict[str, str], dict[str, str]]:
        """What the losses of both read."""
        old, new = self.old.spec.training, self.new.spec.training
        return old.loss.sources if old else {}, new.loss.sources if new else {}

    @cached_property
    def _seen_through(self) -> tuple[Through, Through]:
        return Through(self.old, self.gone, self.names), Through(self.new, self.come, {})

    def _is_behind_the_head(self, change: Change) -> bool:
        """Whether the loss reads another layer because one came or went between it and what it read. The
        change comes along with that layer then."""
        key = change.path.removeprefix("training.loss.")
        if key == change.path:
            return False
        was, now = (sources.get(key) for sources in self._heads)
        if was is None or now is None:
            return False
        host = ("add", now) if now in self.come else ("remove", was) if was in self.gone else None
        if host is None:
            return False
        olds, news = (side.behind(name) for side, name in zip(self._seen_through, (was, now), strict=True))
        if not {way for way in olds if way} & {way for way in news if way}:
            return False
        self.along.setdefault(host, []).append(change)
        return True

    def _differs(self, before: str, after: str) -> bool:
        """Whether one reads something else than the other. Of a commutative kind the order means nothing."""
        was = [self.names.get(name, name) for name in self.old.reads[before]]
        now = list(self.new.reads[after])
        layers = self.old.layers[before], self.new.layers[after]
        if layers[0].kind != layers[1].kind:
            return False
        if was != now and layers[1].is_commutative:
            return sorted(was) != sorted(now)
        return was != now

    def _unexplained(self, differing: Iterable[str], gone: set[str], come: set[str]) -> list[str]:
        """Those that read something else even through the layers that came and went."""
        old, new = Through(self.old, gone, self.names), Through(self.new, come, {})
        return [name for name in differing if not old.reads(self.origins[name]) & new.reads(name)]

    def _alike(self, left: Sequence[str]) -> list[list[str]]:
        """Those that say the same, as the shares of one layer do, together."""
        said: dict[str, list[str]] = {}
        for name in left:
            said.setdefault(self.new.told(name), []).append(name)
        return [names for names in said.values() if len(names) > 1]

    def _both_names(self, names: Sequence[str]) -> list[list[str]]:
        return sorted(sorted((name, self.origins[name])) for name in names)

    def _beside(self, names: Sequence[str], left: Sequence[str], gone: set[str], come: set[str]) -> list[str]:
        """What is left to explain if some layers stand elsewhere."""
        rest = [other for other in left if other not in names]
        return self._unexplained(rest, gone | {self.origins[name] for name in names}, come | {*names})

    def _rewired(self, name: str) -> Change:
        was = renamed_in(self.old.layer(self.origins[name]), self.names)
        return Change(
            "change", f"layers.{name}.from", was.get("from"), self.new.layer(name).get("from"), name
        )

    def _is_neutral(self, before: str, after: str, key: str) -> bool:
        """Whether a field says the same in other words."""
        if self.old.network is None or self.new.network is None or key in PLACED:
            return False
        was, now = self.old.network, self.new.network
        one = was.shares[was.graph.nodes[before][0]]
        two = now.shares[now.graph.nodes[after][0]]
        if key in (one.layer.split_field, one.layer.shape_field):
            return False
        if key in one.layer.checked_shapes.values():
            return True
        old, new = self.old.spec, self.new.spec
        if key == "weights" and follows_recipe(one.layer, old) and follows_recipe(two.layer, new):
            return True
        is_initial = key in one.layer.initial_fields
        if not is_initial and computes(one.layer, one.inputs) == computes(two.layer, two.inputs):
            return True
        if meaning(one.layer, one.inputs, old) == meaning(two.layer, two.inputs, new):
            return True
        sides = getattr(self.old.layers[before], key), getattr(self.new.layers[after], key)
        return is_neutral(key, sides[0], two.layer, two.inputs, new) and is_neutral(
            key, sides[1], one.layer, one.inputs, old
        )


def between(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any], layer: str = ""
) -> Iterator[Change]:
    """The differences of two mappings, in which parts of one kind are compared key by key."""
    for key in [*before, *(key for key in after if key not in before)]:
        where = f"{path}.{key}" if path else key
        within = key if path == "layers" else layer
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old.get("kind") == new.get("kind"):
            yield from between(where, old, new, within)
        elif where == "training.loss.of" and old and new and _kinds(old) == _kinds(new):
            for index, parts in enumerate(zip(old, new, strict=True)):
                yield from between(f"{where}.{index}", *parts)
        elif old is None:
            yield Change("add", where, None, new, within)
        elif new is None:
            yield Change("remove", where, old, None, within)
        else:
            yield Change("change", where, old, new, within)


def _kinds(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return [part["kind"] for part in parts]
