"""A table with one line for a part of a network: the layers whose names begin alike up to a dot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from specnet.tables.rows import Row
from specnet.tables.table import Table
from specnet.text import plural


def folded(table: Table) -> Table:
    """The same table, the layers of each part as one row with their sums, where the first of them stood.

    A part is named as far as the first dot below which a layer stands: `b.conv` and `b.unit.conv` are both of
    `b`, and `s.1.conv` and `s.2.conv` of `s.1` and `s.2`. A file without blocks is folded in the same way.
    """
    part = _parts(row.name for row in table.rows)
    parts: dict[str, list[Row]] = {}
    for row in table.rows:
        parts.setdefault(part[row.name], []).append(row)
    read = {source for row in table.rows for source in row.reads if part[source] != part[row.name]}
    return replace(table, rows=tuple(_as_one(name, rows, part, read) for name, rows in parts.items()))


def _parts(names: Iterable[str]) -> dict[str, str]:
    """The part that each layer belongs to; itself, for one whose name has no dot."""
    known = list(names)
    holders = {name.rpartition(".")[0] for name in known} - {""}
    made = {}
    for name in known:
        steps = name.split(".")
        starts = (".".join(steps[:count]) for count in range(1, len(steps) + 1))
        made[name] = next((start for start in starts if start in holders), name)
    return made


def _as_one(name: str, rows: list[Row], part: dict[str, str], read: set[str]) -> Row:
    """The rows of a part as one. Its output is that of the last of its layers that something else reads."""
    if len(rows) == 1 and rows[0].name == name:
        return replace(rows[0], reads=_named(rows[0].reads, part))
    last = next((row for row in reversed(rows) if row.name in read), rows[-1])
    outside = [source for row in rows for source in row.reads if part[source] != name]
    groups = dict.fromkeys(group for row in rows for group in row.groups)
    return replace(
        last,
        name=name,
        kind=plural(len(rows), "layer"),
        groups=tuple(groups),
        reads=_named(outside, part),
        cross_group=any(row.cross_group for row in rows),
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        window=None,
        padding=None,
        memory=sum(row.memory for row in rows),
        frozen=any(row.frozen for row in rows) and all(row.frozen for row in rows if row.parameters),
    )


def _named(sources: Iterable[str], part: dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part[source] for source in sources))
