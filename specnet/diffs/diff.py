"""What changed between two specs, by meaning, and what follows from it.

Both specs are compared fully resolved: defaults and places written out, names in place of positions. Key
order, comments and YAML style cannot show up. Layers are matched by the graph, so that the fewest changes are
left; what says the same in other words is told apart. Parts of different kinds are compared in full. A
renamed layer is a change of its own, and all other changes are in the new names: applied, they lead from one
spec to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.diffs.apply import Json, changed
from specnet.diffs.carrying import WeightMapping
from specnet.diffs.change import SIGNS, Change, Op
from specnet.diffs.comparison import comparison
from specnet.diffs.consequences import Consequences, consequences
from specnet.diffs.edits import between
from specnet.diffs.matching.search import BY_NAME_ALONE
from specnet.diffs.of_blocks import BlockDiff
from specnet.network.network import Examination, Network
from specnet.numerics.gc_pause import gc_paused
from specnet.spec.spec import Spec
from specnet.syntax.emit import written
from specnet.text import code_cell, html_lines, html_table, plural

SHOWN = 5
"""Errors of an invalid spec that are shown, and things that are only written otherwise."""


BY_NAME = f"more than {BY_NAME_ALONE:,} layers: compared by name from here on"


@dataclass(frozen=True)
class Diff:
    """All changes, and their consequences if both specs are valid. `str()` is what `specnet diff` prints."""

    changes: tuple[Change, ...]
    consequences: Consequences | None
    rewritten: tuple[Change, ...] = ()
    """What is written otherwise and means the same, after all changes."""
    weights: WeightMapping | None = None
    invalid: Mapping[str, list[Diagnostic]] = field(default_factory=dict)
    """Errors of the `first` or the `second` spec, because of which there are no consequences."""
    blocks: BlockDiff = field(default_factory=BlockDiff)
    by_name: bool = False
    """Whether there are so many layers that those of one name were taken for one."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    def as_json(self) -> dict[str, Any]:
        """The diff under the keys that `diff --json` promises."""
        return {
            "schema_version": 1,
            "changes": [change.as_json() for change in self.changes],
            "rewritten": [change.as_json() for change in self.rewritten],
            **({"by_name": True} if self.by_name else {}),
            "consequences": self.consequences.as_json() if self.consequences else None,
            "weights": self.weights.as_json() if self.weights else None,
            **({"invalid": self._errors()} if self.invalid else {}),
        }

    def _errors(self) -> dict[str, list[dict[str, object]]]:
        return {side: [error.as_json() for error in errors] for side, errors in self.invalid.items()}

    def _unknown(self) -> list[str]:
        """Why there are no consequences."""
        lines = []
        for side, errors in self.invalid.items():
            lines.append(f"the {side} spec is not valid, so the consequences are unknown:")
            lines += [str(error).split("\n", 1)[0] for error in errors[:SHOWN]]
            lines += [f"and {plural(len(errors) - SHOWN, 'more error')}"] if len(errors) > SHOWN else []
        return lines

    def _one_invalid(self) -> list[str]:
        """What makes two specs differ after all that ask for one network: that only one of them is valid."""
        return self._unknown() if len(self.invalid) == 1 else []

    def __str__(self) -> str:
        return self.text()

    def text(self, *, everything: bool = False, option: str = "everything=True") -> str:
        """For people. Unless `everything` is asked for, equal changes of several layers are one line, long
        lists are cut, and layers that are only written another way are left out. `option` is what a reader is
        told to ask for it with."""
        lines = [*map(str, self._shown(everything)), *self._otherwise(everything, option)]
        if not self.changes:
            return "\n".join(["no differences", *lines, *self._one_invalid()])
        follows = self.consequences
        if follows is None:
            return "\n".join([*lines, "", *self._unknown()])
        after = (f"  {line}" for line in follows.lines(everything=everything, option=option))
        return "\n".join([*lines, "", "consequences", *after])

    def as_markdown(self, *, everything: bool = False, option: str = "everything=True") -> str:
        """The diff for a pull request or a page; the options are those of `text`."""
        lines = self._otherwise(everything, option, code_cell)
        otherwise = [f"  - {line[2:]}" if line.startswith("  ") else f"- {line}" for line in lines]
        if not self.changes:
            return "\n".join(["no differences", *otherwise, *(f"- {line}" for line in self._one_invalid())])
        rows = ["| | part | before | after |", "|---|---|---|---|"]
        for c in self._shown(everything):
            sides = [code_cell(c.words(side)) if side is not None else "" for side in (c.before, c.after)]
            where = f"{code_cell(c.path)}{c.in_uses}{c.with_it}"
            rows.append(f"| {c.op} | {where} | {sides[0]} | {sides[1]} |")
        lines = self._unknown() if self.invalid else []
        if self.consequences:
            lines += self.consequences.lines(everything=everything, option=option)
        below = [*otherwise, *(f"- {line}" for line in lines)]
        return "\n".join([*rows, *([""] if below else []), *below])

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        otherwise = self._otherwise(everything=False, option="text(everything=True)")
        if not self.changes:
            return html_lines(["no differences", *otherwise])
        shown = self._shown(everything=False)
        sides = ([c.words(side) if side is not None else "" for side in (c.before, c.after)] for c in shown)
        rows = [
            (SIGNS[c.op], f"{c.path}{c.in_uses}{c.with_it}", *pair)
            for c, pair in zip(shown, sides, strict=True)
        ]
        lines = [*otherwise, *(self._unknown() if self.invalid else [])]
        if self.consequences:
            lines += self.consequences.lines(option="text(everything=True)")
        return html_table(("", "part", "before", "after"), rows) + html_lines(lines)

    def _otherwise(self, everything: bool, option: str, code: Callable[[str], str] = str) -> list[str]:
        """What is written otherwise and means the same, line by line; `code` is how its words are shown."""
        by_name = [BY_NAME] if self.by_name else []
        if not everything and any(c.layer and not c.field for c in self.rewritten):
            return [*by_name, f"layers are written another way ({option} shows how)"]
        shown = list(self.rewritten) if everything else _gathered(self.rewritten)
        lines = [f"  {code(str(c))}" for c in shown]
        if not everything and len(lines) > SHOWN + 1:
            lines = [*lines[:SHOWN], f"  and {len(lines) - SHOWN} more ({option})"]
        return [*by_name, *(["written otherwise, with the same meaning:", *lines] if lines else [])]

    def _shown(self, everything: bool) -> list[Change]:
        return list(self.changes) if everything else _gathered(self.blocks.told(self.changes))


def _gathered(changes: Iterable[Change]) -> list[Change]:
    """The changes with those that are the same in several layers as one, where the first of them stood."""
    gathered: dict[object, list[Change]] = {}
    for change in changes:
        sides = written(change.before), written(change.after)
        key = (change.op, change.field, *sides) if change.field else change.path
        gathered.setdefault((change.op, key), []).append(change)
    return [_as_one(alike) for alike in gathered.values()]


def _as_one(alike: list[Change]) -> Change:
    if len(alike) == 1:
        return alike[0]
    layers = ", ".join(change.layer for change in alike)
    return replace(alike[0], path=f"layers.{{{layers}}}.{alike[0].field}")


def compare(before: Examination, after: Examination) -> Diff:
    """The differences of two specs, with their consequences where both are valid.

    Raises `SpecError` if the schema of one is not sound.
    """
    for side in (before, after):
        if side.spec is None:
            raise SpecError(side.diagnostics)
    assert before.spec is not None
    assert after.spec is not None
    sides = {"first": before, "second": after}
    invalid = {n: side.errors for n, side in sides.items() if side.network is None}
    return _diff((before.spec, before.network), (after.spec, after.network), invalid)


def of_networks(before: Network, after: Network) -> Diff:
    """The differences of two networks, with their consequences."""
    return _diff((before.spec, before), (after.spec, after), {})


@gc_paused()
def _diff(
    first: tuple[Spec, Network | None],
    second: tuple[Spec, Network | None],
    invalid: Mapping[str, list[Diagnostic]],
) -> Diff:
    (before, network), (after, other) = first, second
    blocks = BlockDiff(before.written_blocks, after.written_blocks)
    found = comparison(before, after, network, other)
    changes, rewritten = tuple(found.changes), tuple(rewriting(found.before, found.new.data, found.changes))
    if found.is_unexplained():
        changes += tuple(change for change in rewritten if change.layer)
        rewritten = tuple(change for change in rewritten if not change.layer)
    old, new = found.old.network, found.new.network
    if old is None or new is None:
        return Diff(changes, None, rewritten, None, invalid, blocks, found.by_name)
    follows = consequences(old, new, found.shares, found.weights, found.sameness())
    return Diff(changes, follows, rewritten, found.weights, {}, blocks, found.by_name)


def differences(before: Spec, after: Spec) -> list[Change]:
    """The changes that lead from one spec to the other: renamed groups and layers first, the rest in the new
    names. Less is known of two specs than of two networks: see `compare`."""
    return list(comparison(before, after).changes)


def rewriting(before: Json, after: Json, changes: Sequence[Change]) -> list[Change]:
    """What is left between two specs' data in their normal form when all changes are made: what they write
    otherwise and mean alike."""
    return list(_left(before, after, changes))


def _left(before: Json, after: Json, changes: Sequence[Change]) -> Iterator[Change]:
    old = changed(before, [change.as_json() for change in changes])
    yield from between("", {**old, "layers": {}}, {**after, "layers": {}})
    for name in [*old["layers"], *(name for name in after["layers"] if name not in old["layers"])]:
        was, now = old["layers"].get(name), after["layers"].get(name)
        if was == now:
            continue
        if was is None or now is None or was["kind"] != now["kind"]:
            op: Op = "add" if was is None else "remove" if now is None else "change"
            yield Change(op, f"layers.{name}", was, now, name)
        else:
            yield from between(f"layers.{name}", was, now, name)
