"""What changed between two specs, by meaning, and what follows from it.

Both specs are compared fully resolved: defaults written out, names in place of positions. Key order,
comments and YAML style cannot show up. Parts of different kinds are compared as wholes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from specnet import layer_table
from specnet.correspondence import correspondence
from specnet.document import written
from specnet.errors import SpecError
from specnet.layers.base import Shape
from specnet.memory import needed
from specnet.network import Network, analyse
from specnet.spec import Spec
from specnet.text import describe, size

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
    """Totals before and after, and what becomes of shapes, memory and trained weights.

    `shapes` are the layers in both whose output shape changed. `memory` is the least number of bytes that
    each group needs. `weights` are the parameters of the second spec, as many values as it has, and those of
    them that a trained run of the first one already has under the same name and shape. `same_network` says
    that the two are one network written in two ways.
    """

    parameters: tuple[int, int]
    macs: tuple[int, int]
    cross_group_values: tuple[int, int]
    shapes: tuple[tuple[str, Shape, Shape], ...]
    memory: dict[str, tuple[int | None, int | None]]
    weights: tuple[int, int]
    same_network: bool

    def as_json(self) -> dict[str, Any]:
        totals = {
            key: dict(zip(("before", "after"), getattr(self, key), strict=True))
            for key in ("parameters", "macs", "cross_group_values")
        }
        shapes = [{"layer": n, "before": list(a), "after": list(b)} for n, a, b in self.shapes]
        return {
            **totals,
            "shapes": shapes,
            "memory": {g: {"before": a, "after": b} for g, (a, b) in self.memory.items()},
            "weights": dict(zip(("fit", "all"), self.weights, strict=True)),
            "same_network": self.same_network,
        }

    def lines(self) -> list[str]:
        """What follows, a line for each thing that does."""
        if self.same_network:
            return ["the two are the same network, written in two ways"]
        lines = [
            f"parameters: {_moved(*self.parameters)}",
            f"MACs: {_moved(*self.macs)}",
            f"values across groups: {_moved(*self.cross_group_values)}",
        ]
        for group, (before, after) in self.memory.items():
            if before != after:
                sides = ["none" if side is None else size(side) for side in (before, after)]
                lines.append(f"least memory on {group}: {' -> '.join(sides)}")
        lines += [f"{layer}: {describe(was)} -> {describe(now)}" for layer, was, now in self.shapes]
        fit, every = self.weights
        if fit != every:
            lines.append(f"{fit:,} of {every:,} parameters fit the weights of a trained run")
        return lines


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
        return "\n".join([*lines, "", "consequences", *(f"  {line}" for line in found.lines())])

    def as_markdown(self) -> str:
        """The diff for a pull request or a page."""
        if not self.changes:
            return "no differences"
        rows = ["| | part | before | after |", "|---|---|---|---|"]
        for c in self.changes:
            sides = [f"`{written(side)}`" if side is not None else "" for side in (c.before, c.after)]
            rows.append(f"| {c.op} | `{c.path}` | {sides[0]} | {sides[1]} |")
        lines = self.consequences.lines() if self.consequences else []
        return "\n".join([*rows, *([""] if lines else []), *(f"- {line}" for line in lines)])


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
    held, kept = _weights(after), _weights(before)
    sizes = {name: math.prod(shape) for name, shape in held.items()}
    memory_before, memory_after = needed(before), needed(after)
    return Consequences(
        parameters=(old.totals.parameters, new.totals.parameters),
        macs=(old.totals.macs, new.totals.macs),
        cross_group_values=(old.totals.cross_group_values, new.totals.cross_group_values),
        shapes=changed,
        memory={g: (memory_before.get(g), memory_after.get(g)) for g in {**memory_before, **memory_after}},
        weights=(
            sum(sizes[name] for name, shape in held.items() if kept.get(name) == shape),
            sum(sizes.values()),
        ),
        same_network=correspondence(before, after) is not None and _written_only(before.spec, after.spec),
    )


def _weights(network: Network) -> dict[str, Shape]:
    """Every parameter's shape under its canonical name."""
    return {
        f"{node}.{role}": weight.shape
        for node, share in network.shares.items()
        for role, weight in share.parameters().items()
    }


def _written_only(before: Spec, after: Spec) -> bool:
    """Whether two corresponding specs differ in nothing but how the network is written."""
    ways = ("name", "training.loss.from")
    return all(c.path in ways or c.path.startswith("layers.") for c in differences(before, after))
