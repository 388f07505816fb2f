"""What changed between two specs, by meaning, and what follows from it.

Both specs are compared fully resolved: defaults written out, names in place of positions. Key order,
comments and YAML style cannot show up. Parts of different kinds are compared as wholes. A renamed layer is a
change of its own, and all other changes are in the new names, so applied in order they lead from one spec to
the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from specnet import plugins
from specnet.consequences import Consequences, consequences
from specnet.document import written
from specnet.errors import SpecError
from specnet.layers.base import Layer
from specnet.network import analyse
from specnet.renames import renamed
from specnet.spec import Spec

Op = Literal["add", "remove", "change", "rename"]
SIGNS = {"add": "+", "remove": "-", "change": "~", "rename": ">"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` is dotted, as `--set` takes it; a missing side is None.

    For a renamed layer, `path` is that of its old name, and the sides are the two names.
    """

    op: Op
    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        sides = [self.words(side) for side in (self.before, self.after) if side is not None]
        return f"{SIGNS[self.op]} {self.path}: {' -> '.join(sides)}"

    def words(self, side: Any) -> str:
        """One of the sides as YAML; of a whole layer, without what has its default."""
        if self.op == "rename" or not isinstance(side, dict) or self.path.count(".") != 1:
            return written(side)
        if not self.path.startswith("layers."):
            return written(side)
        layer: Layer = plugins.load("specnet.layers", side["kind"]).model_validate(side)
        said = layer.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return written({key: value for key, value in side.items() if key == "kind" or key in said})


@dataclass(frozen=True)
class Diff:
    """All changes, and their consequences if both specs are valid. `str()` is what `specnet diff` prints."""

    changes: tuple[Change, ...]
    consequences: Consequences | None

    def __bool__(self) -> bool:
        return bool(self.changes)

    def as_json(self) -> dict[str, Any]:
        """The diff under the keys that `diff --json` promises."""
        changes = [{"op": c.op, "path": c.path, "before": c.before, "after": c.after} for c in self.changes]
        return {
            "schema_version": 1,
            "changes": changes,
            "consequences": self.consequences.as_json() if self.consequences else None,
        }

    def __str__(self) -> str:
        return self.text()

    def text(self, *, everything: bool = False) -> str:
        """For people. Unless `everything` is asked for, equal changes of several layers are one line, long
        lists are cut, and the layers of a network that is only written another way are left out."""
        if not self.changes:
            return "no differences"
        lines = [str(change) for change in self._shown(everything)]
        found = self.consequences
        if found is None:
            return "\n".join([*lines, "", "one of the specs is not valid, so the consequences are unknown"])
        if len(lines) < len(self.changes) and found.same_network:
            lines.append("layers are written another way (--all shows how)")
        after = (f"  {line}" for line in found.lines(everything=everything))
        return "\n".join([*lines, "", "consequences", *after])

    def as_markdown(self, *, everything: bool = False) -> str:
        """The diff for a pull request or a page."""
        if not self.changes:
            return "no differences"
        rows = ["| | part | before | after |", "|---|---|---|---|"]
        for c in self._shown(everything):
            sides = [f"`{c.words(side)}`" if side is not None else "" for side in (c.before, c.after)]
            rows.append(f"| {c.op} | `{c.path}` | {sides[0]} | {sides[1]} |")
        lines = self.consequences.lines(everything=everything) if self.consequences else []
        return "\n".join([*rows, *([""] if lines else []), *(f"- {line}" for line in lines)])

    def _shown(self, everything: bool) -> list[Change]:
        if everything:
            return list(self.changes)
        layers = [c for c in self.changes if c.path.startswith("layers.")]
        split = any(c.op in ("add", "remove") and c.path.count(".") == 1 for c in layers)
        if split and self.consequences is not None and self.consequences.same_network:
            return _gathered(c for c in self.changes if not c.path.startswith("layers."))
        return _gathered(self.changes)


def _gathered(changes: Iterable[Change]) -> list[Change]:
    """The changes with those that are the same in several layers as one, where the first of them stood."""
    found: dict[object, list[Change]] = {}
    for change in changes:
        top, _, rest = change.path.partition(".")
        _, _, field = rest.partition(".")
        one = top != "layers" or not field
        key = change.path if one else (change.op, field, written(change.before), written(change.after))
        found.setdefault((change.op, key), []).append(change)
    return [_as_one(alike) for alike in found.values()]


def _as_one(alike: list[Change]) -> Change:
    if len(alike) == 1:
        return alike[0]
    layers = ", ".join(change.path.split(".")[1] for change in alike)
    field = alike[0].path.split(".", 2)[2]
    return replace(alike[0], path=f"layers.{{{layers}}}.{field}")


def compare(before: Spec, after: Spec) -> Diff:
    """The differences of two specs, with their consequences where both are valid."""
    changes = tuple(differences(before, after))
    names = {str(c.before): str(c.after) for c in changes if c.op == "rename"}
    ways = ("name", "training.loss.from")
    written_only = all(c.path in ways or c.path.startswith("layers.") for c in changes)
    try:
        return Diff(changes, consequences(analyse(before), analyse(after), names, written_only=written_only))
    except SpecError:
        return Diff(changes, None)


def differences(before: Spec, after: Spec) -> list[Change]:
    """The changes that lead from one spec to the other: renamed layers first, the rest in the new names."""
    names = renamed(before, after)
    found = [Change("rename", f"layers.{old}", old, new) for old, new in names.items()]
    return [*found, *_between("", under_names(before.as_yaml(), names), after.as_yaml())]


def under_names(data: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A resolved spec's data with layers renamed, where they stand and wherever they are read."""
    if not names:
        return data

    def new(value: Any) -> Any:
        return [names.get(n, n) for n in value] if isinstance(value, list) else names.get(value, value)

    layers = {
        names.get(name, name): {**layer, "from": new(layer["from"])} if "from" in layer else layer
        for name, layer in data["layers"].items()
    }
    made = {**data, "layers": layers}
    if "training" in data:
        loss = {**data["training"]["loss"], "from": new(data["training"]["loss"]["from"])}
        made["training"] = {**data["training"], "loss": loss}
    return made


def _between(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for key in [*before, *(key for key in after if key not in before)]:
        where = f"{path}.{key}" if path else key
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old.get("kind") == new.get("kind"):
            yield from _between(where, old, new)
        elif old is None:
            yield Change("add", where, None, new)
        elif new is None:
            yield Change("remove", where, old, None)
        else:
            yield Change("change", where, old, new)
