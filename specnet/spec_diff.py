"""What changed between two specs, by meaning, and what follows from it.

Both specs are compared fully resolved: defaults written out, names in place of positions. Key order,
comments and YAML style cannot show up. Parts of different kinds are compared as wholes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from specnet import layer_table
from specnet.document import written
from specnet.errors import SpecError
from specnet.layers.base import Shape
from specnet.network import Network, analyse
from specnet.spec import Spec
from specnet.text import describe

Op = Literal["add", "remove", "change", "rename"]
SIGNS = {"add": "+", "remove": "-", "change": "~", "rename": ">"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` is dotted, as `--set` takes it; a missing side is None."""

    op: Op
    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        sides = [written(side) for side in (self.before, self.after) if side is not None]
        return f"{SIGNS[self.op]} {self.path}: {' -> '.join(sides)}"


@dataclass(frozen=True, slots=True)
class Consequences:
    """Totals before and after, and the layers in both whose output shape changed."""

    parameters: tuple[int, int]
    macs: tuple[int, int]
    cross_group_values: tuple[int, int]
    shapes: tuple[tuple[str, Shape, Shape], ...]

    def as_json(self) -> dict[str, Any]:
        totals = {
            key: dict(zip(("before", "after"), getattr(self, key), strict=True))
            for key in ("parameters", "macs", "cross_group_values")
        }
        shapes = [{"layer": n, "before": list(a), "after": list(b)} for n, a, b in self.shapes]
        return {**totals, "shapes": shapes}


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
        if not self.changes:
            return "no differences"
        lines = [str(change) for change in self.changes]
        found = self.consequences
        if found is None:
            return "\n".join([*lines, "", "one of the specs is not valid, so the consequences are unknown"])
        lines += ["", "consequences"]
        for label, (before, after) in (
            ("parameters", found.parameters),
            ("MACs", found.macs),
            ("values across groups", found.cross_group_values),
        ):
            lines.append(f"  {label}: {_moved(before, after)}")
        for layer, was, now in found.shapes:
            lines.append(f"  {layer}: {describe(was)} -> {describe(now)}")
        return "\n".join(lines)


def _moved(before: int, after: int) -> str:
    if before == after:
        return f"{before:,}, unchanged"
    share = f", {(after - before) / before:+.1%}" if before else ""
    return f"{before:,} -> {after:,} ({after - before:+,}{share})"


def compare(before: Spec, after: Spec) -> Diff:
    """The differences of two specs, with their consequences where both are valid."""
    changes = tuple(differences(before, after))
    try:
        return Diff(changes, consequences(analyse(before), analyse(after)))
    except SpecError:
        return Diff(changes, None)


def differences(before: Spec, after: Spec) -> list[Change]:
    """The changes that lead from one spec to the other."""
    return list(_between("", before.as_yaml(), after.as_yaml()))


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


def consequences(before: Network, after: Network) -> Consequences:
    """What the changes do to totals and shapes."""
    old, new = layer_table.make(before), layer_table.make(after)
    shapes = {row.name: row.output_shape for row in new.rows}
    changed = tuple(
        (row.name, row.output_shape, shapes[row.name])
        for row in old.rows
        if row.name in shapes and shapes[row.name] != row.output_shape
    )
    return Consequences(
        parameters=(old.totals.parameters, new.totals.parameters),
        macs=(old.totals.macs, new.totals.macs),
        cross_group_values=(old.totals.cross_group_values, new.totals.cross_group_values),
        shapes=changed,
    )
