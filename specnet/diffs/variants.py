"""Variants of one spec side by side: what each changes against a common base, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from specnet.diagnostics.errors import SpecError
from specnet.diffs.diff import Diff, compare
from specnet.network.network import Examination, examine
from specnet.schema.arguments import public
from specnet.spec.spec import Source
from specnet.tables import build
from specnet.tables.table import Table
from specnet.text import code_cell, columns, html_lines, html_table, html_text, plural, size

SHOWN = 5
"""Changes of a variant that are listed unless all are asked for."""
HEAD = (
    "spec",
    "changes",
    "parameters",
    "MACs",
    "across groups",
    "traffic",
    "least memory",
    "weights fit",
    "same network",
)
NUMBERS = range(1, len(HEAD) - 1)
"""Columns that are aligned to the right."""
SPARED = ("traffic", "MACs", "least memory", "across groups")
"""Columns that go where there is no room for all, the first one first."""
MEMORY = "least memory is that of the group that needs most"


class Variant(NamedTuple):
    """What a spec is called, and its diff against the base."""

    spec: str
    diff: Diff


@dataclass(frozen=True)
class Variants:
    """The diffs of some specs against a base. `str()` is what `specnet diff BASE A B` prints; it is true if
    any of them differs."""

    base: str
    table: Table
    """The layer table of the base."""
    variants: tuple[Variant, ...]

    def __bool__(self) -> bool:
        return any(diff for _, diff in self.variants)

    def as_json(self) -> dict[str, Any]:
        """Each diff under the keys that `diff --json` promises, beside the name of its spec."""
        variants = [{"spec": name, **diff.as_json()} for name, diff in self.variants]
        for variant in variants:
            del variant["schema_version"]
        return {"schema_version": 1, "base": self.base, "variants": variants}

    def __str__(self) -> str:
        return self.text()

    def text(
        self,
        *,
        everything: bool = False,
        option: str = "everything=True",
        width: int | None = None,
        full_views: str = "a greater width or as_markdown()",
    ) -> str:
        """The table for people, and the first changes of each variant; all of them if `everything` is asked
        for. `option` is what a reader is told to ask for it with. Columns that do not fit into `width` are
        left out, and named, with the ways to see them, `full_views`."""
        lines = [*self._aligned(width, full_views), *self._notes()]
        for name, diff in self.variants:
            changes, _, rest = diff.text(everything=everything, option=option).partition("\n\n")
            told = [*_first(changes, everything, option), *(rest.split("\n") if diff.invalid else [])]
            lines += ["", name, *(f"  {line}" for line in told)]
        return "\n".join(lines)

    def as_markdown(self, *, everything: bool = False, option: str = "everything=True") -> str:
        """The same for a pull request or a page."""
        rule = ["--:" if index in NUMBERS else "---" for index in range(len(HEAD))]
        rows = [[code_cell(name), *cells] for name, *cells in (self._base(), *self._rows())]
        lines = [f"| {' | '.join(row)} |" for row in (HEAD, rule, *rows)]
        lines += ["", *(f"- {note}" for note in self._notes())]
        for name, diff in self.variants:
            told = diff.as_markdown(everything=everything, option=option)
            lines += ["", f"{code_cell(name)}:", "", told if diff.invalid else told.partition("\n\n")[0]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        parts = [html_table(HEAD, [self._base(), *self._rows()], right=NUMBERS), html_lines(self._notes())]
        for name, diff in self.variants:
            head = f"{html_text(name)}: {plural(len(diff.changes), 'change')}"
            parts.append(f"<details><summary>{head}</summary>{diff._repr_html_()}</details>")
        return "".join(parts)

    def _aligned(self, width: int | None, full_views: str) -> list[str]:
        """The table in lines no wider than that, if it can be."""
        blocks, shown, left_out = [[self._base()], self._rows()], [*range(len(HEAD))], list[str]()
        while True:
            cells = [[[row[index] for index in shown] for row in block] for block in blocks]
            right = {place for place, index in enumerate(shown) if index in NUMBERS}
            lines = columns([HEAD[index] for index in shown], cells, right).split("\n")
            if width is None or len(lines[1]) <= width or len(left_out) == len(SPARED):
                break
            left_out.append(SPARED[len(left_out)])
            shown.remove(HEAD.index(left_out[-1]))
        return [
            *lines,
            *([f"no room for: {', '.join(left_out)} ({full_views} show all)"] if left_out else []),
        ]

    def _base(self) -> list[str]:
        totals = self.table.totals
        counts = [f"{n:,}" for n in (totals.parameters, totals.macs, totals.cross_group_values)]
        needs = max(group.needs for group in self.table.groups.values())
        return [self.base, "", *counts, size(sum(self.table.traffic.values())), size(needs), "", ""]

    def _rows(self) -> list[list[str]]:
        return [[name, f"{len(diff.changes):,}", *_cells(diff)] for name, diff in self.variants]

    def _notes(self) -> list[str]:
        return [MEMORY] if len(self.table.groups) > 1 else []


def _cells(diff: Diff) -> list[str]:
    """What follows, under the heads after `changes`. Where only one of two specs is trained, nothing stands
    for memory and traffic: a step and one image cannot be compared."""
    follows = diff.consequences
    if follows is None:
        return ["not valid", *[""] * (len(HEAD) - 3)]
    totals = (follows.parameters, follows.macs, follows.cross_group_values)
    needs = [after for _, after in follows.memory.values() if after is not None]
    fit, every = follows.weights
    return [
        *(f"{after:,}" for _, after in totals),
        size(follows.traffic[1]) if needs else "",
        size(max(needs)) if needs else "",
        "all" if fit == every else f"{fit:,}",
        "yes" if follows.same_network else "no",
    ]


def _first(told: str, everything: bool, option: str) -> list[str]:
    """The first lines of a variant's changes, and how many more there are."""
    lines = told.split("\n")
    if everything or len(lines) <= SHOWN + 1:
        return lines
    return [*lines[:SHOWN], f"and {len(lines) - SHOWN:,} more lines ({option})"]


def compare_variants(base: tuple[str, Examination], *variants: tuple[str, Examination]) -> Variants:
    """The differences of each variant from the base, under the names that come with them.

    Raises `SpecError` with all findings if the base is not valid or the schema of a variant not sound.
    """
    first = base[1].network
    sides = [base[1]] if first is None else []
    sides += [side for _, side in variants if side.spec is None]
    if first is None or sides:
        raise SpecError([diagnostic for side in sides for diagnostic in side.diagnostics])
    diffs = (Variant(name, compare(base[1], side)) for name, side in variants)
    return Variants(base[0], build.make(first), tuple(diffs))


@public()
def variants(base: Source, others: Sequence[Source]) -> Variants:
    """What each of the other specs changes against the base, as a table. Falsy if none changes anything.

    Raises `SpecError` if the base is not valid, or the schema of another not sound.
    """
    return compare_variants(_named(base), *map(_named, others))


def _named(source: Source) -> tuple[str, Examination]:
    made = examine(source)
    return str(source) if made.spec is None or isinstance(source, str | Path) else made.spec.name, made
