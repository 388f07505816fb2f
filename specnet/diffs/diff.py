"""What changed between two specs, by meaning, and what follows from it.

Both specs are compared fully resolved: defaults written out, names in place of positions. Key order,
comments and YAML style cannot show up. Parts of different kinds are compared in full. A renamed layer is a
change of its own, and all other changes are in the new names, so applied in order they lead from one spec to
the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.diffs.change import SIGNS, Change
from specnet.diffs.consequences import Consequences, consequences
from specnet.diffs.fitting import Fitting, Place, fitting
from specnet.diffs.isomorphism import correspondence
from specnet.diffs.normal_form import canonical, renamed_groups, with_layers
from specnet.diffs.of_blocks import BlockDiff
from specnet.diffs.renames import renamed
from specnet.network.network import Examination, Network
from specnet.spec.spec import Spec
from specnet.syntax.emit import written
from specnet.text import code_cell, html_lines, html_table, plural

SHOWN = 5
"""Errors of an invalid spec that are shown."""


@dataclass(frozen=True)
class Diff:
    """All changes, and their consequences if both specs are valid. `str()` is what `specnet diff` prints."""

    changes: tuple[Change, ...]
    consequences: Consequences | None
    invalid: Mapping[str, list[Diagnostic]] = field(default_factory=dict)
    """Errors of the `first` or the `second` spec, because of which there are no consequences."""
    blocks: BlockDiff = field(default_factory=BlockDiff)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def as_json(self) -> dict[str, Any]:
        """The diff under the keys that `diff --json` promises."""
        changes = [{"op": c.op, "path": c.path, "before": c.before, "after": c.after} for c in self.changes]
        return {
            "schema_version": 1,
            "changes": changes,
            "consequences": self.consequences.as_json() if self.consequences else None,
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
        lists are cut, and the layers of a network that is only written another way are left out. `option` is
        what a reader is told to ask for it with."""
        if not self.changes:
            return "\n".join(["no differences", *self._one_invalid()])
        shown = self._shown(everything)
        lines = [*map(str, shown), *self._left_out(shown, option)]
        follows = self.consequences
        if follows is None:
            return "\n".join([*lines, "", *self._unknown()])
        after = (f"  {line}" for line in follows.lines(everything=everything, option=option))
        return "\n".join([*lines, "", "consequences", *after])

    def as_markdown(self, *, everything: bool = False, option: str = "everything=True") -> str:
        """The diff for a pull request or a page; the options are those of `text`."""
        if not self.changes:
            return "\n".join(["no differences", *(f"- {line}" for line in self._one_invalid())])
        rows = ["| | part | before | after |", "|---|---|---|---|"]
        shown = self._shown(everything)
        for c in shown:
            sides = [code_cell(c.words(side)) if side is not None else "" for side in (c.before, c.after)]
            where = f"{code_cell(c.path)}{c.in_uses}"
            rows.append(f"| {c.op} | {where} | {sides[0]} | {sides[1]} |")
        lines = [*self._left_out(shown, option), *(self._unknown() if self.invalid else [])]
        if self.consequences:
            lines += self.consequences.lines(everything=everything, option=option)
        return "\n".join([*rows, *([""] if lines else []), *(f"- {line}" for line in lines)])

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        if not self.changes:
            return html_lines(["no differences"])
        shown = self._shown(everything=False)
        sides = ([c.words(side) if side is not None else "" for side in (c.before, c.after)] for c in shown)
        rows = [(SIGNS[c.op], f"{c.path}{c.in_uses}", *pair) for c, pair in zip(shown, sides, strict=True)]
        lines = [*self._left_out(shown, "text(everything=True)"), *(self._unknown() if self.invalid else [])]
        if self.consequences:
            lines += self.consequences.lines(option="text(everything=True)")
        return html_table(("", "part", "before", "after"), rows) + html_lines(lines)

    def _left_out(self, shown: Sequence[Change], option: str) -> list[str]:
        """What to say in place of the layers of a network that is only written another way."""
        same = self.consequences is not None and self.consequences.same_network
        return (
            [f"layers are written another way ({option} shows how)"]
            if same and len(shown) < len(self.changes)
            else []
        )

    def _shown(self, everything: bool) -> list[Change]:
        if everything:
            return list(self.changes)
        layers = [c for c in self.changes if c.path.startswith("layers.")]
        split = any(c.op in ("add", "remove") and not c.field for c in layers)
        if split and self.consequences is not None and self.consequences.same_network:
            return _gathered(c for c in self.changes if not c.path.startswith("layers."))
        return _gathered(self.blocks.told(self.changes))


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
    changes = tuple(differences(before.spec, after.spec))
    blocks = BlockDiff(before.spec.written_blocks, after.spec.written_blocks)
    if before.network is None or after.network is None:
        sides = {"first": before, "second": after}
        invalid = {n: side.errors for n, side in sides.items() if side.network is None}
        return Diff(changes, None, invalid, blocks)
    old = before.network.on_groups(renamed_groups(before.spec, after.spec))
    names, written_only = _renames(changes), _are_writing(changes, after.spec)
    follows = consequences(old, after.network, names, written_only=written_only)
    return Diff(changes, follows, blocks=blocks)


def fitting_weights(before: Network, after: Network) -> Fitting:
    """What of a trained run of the first network the second one has a place for: what `diff` says of them."""
    groups = renamed_groups(before.spec, after.spec)
    changes = differences(before.spec, after.spec)
    old = before.on_groups(groups)
    same = correspondence(old, after) if _are_writing(changes, after.spec) else None
    found = fitting(old, after, _renames(changes), same)
    back = {new: name for name, new in groups.items()}
    fit, unfit = (
        {place: Place(origin.node.on_groups(back), origin.role) for place, origin in pairs.items()}
        for pairs in found
    )
    return Fitting(fit, unfit)


def _renames(changes: Iterable[Change]) -> dict[str, str]:
    """New names of layers by their old ones."""
    renames = (c for c in changes if c.op == "rename" and c.path.startswith("layers."))
    return {str(c.before): str(c.after) for c in renames}


def _are_writing(changes: Iterable[Change], after: Spec) -> bool:
    """Whether the changes that lead to a spec may be but another way to write its layers."""
    read = after.training.loss.sources if after.training else ()
    ways = ("name", *(f"training.loss.{key}" for key in read))
    free = ("layers.", "groups.", "assumed")
    return all(c.path in ways or c.path.startswith(free) for c in changes)


def differences(before: Spec, after: Spec) -> list[Change]:
    """The changes that lead from one spec to the other: renamed groups and layers first, the rest in the new
    names."""
    groups = renamed_groups(before, after)
    before = before.on_groups(groups) if groups else before
    names = renamed(before, after)
    renames = [Change("rename", f"groups.{old}", old, new) for old, new in groups.items()]
    renames += [Change("rename", f"layers.{old}", old, new, old) for old, new in names.items()]
    return [*renames, *_between("", with_layers(canonical(before), names), canonical(after))]


def _between(path: str, before: dict[str, Any], after: dict[str, Any], layer: str = "") -> Iterator[Change]:
    for key in [*before, *(key for key in after if key not in before)]:
        where = f"{path}.{key}" if path else key
        within = key if path == "layers" else layer
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and old.get("kind") == new.get("kind"):
            yield from _between(where, old, new, within)
        elif where == "training.loss.of" and old and new and _kinds(old) == _kinds(new):
            for index, parts in enumerate(zip(old, new, strict=True)):
                yield from _between(f"{where}.{index}", *parts)
        elif old is None:
            yield Change("add", where, None, new, within)
        elif new is None:
            yield Change("remove", where, old, None, within)
        else:
            yield Change("change", where, old, new, within)


def _kinds(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    return [part["kind"] for part in parts]
