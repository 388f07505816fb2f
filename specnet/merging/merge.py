"""Two specs that were made from one, merged by meaning.

What only one side changed is taken, what both changed alike is taken once, and where both changed the same
thing differently there is a conflict. The text is that of ours, with theirs' changes edited in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from specnet.diagnostics.errors import SpecError
from specnet.diffs.comparison import Comparison, comparison
from specnet.merging.conflicts import Conflict, kind_of
from specnet.merging.invalid import conflicts_of
from specnet.merging.markers import with_markers
from specnet.merging.naming import Clash, Naming, kept_layers, merged_names, under_names
from specnet.merging.placing import at
from specnet.merging.sides import Side, changed_paths
from specnet.merging.three_way import Merged, merged
from specnet.network.network import Examination, examine
from specnet.spec.spec import Spec
from specnet.syntax.amending import amended
from specnet.syntax.document import Document, Path_


@dataclass(frozen=True)
class Merge:
    """The merged text, with markers where there are conflicts; and those. `taken` are the places of theirs'
    changes in it."""

    text: str
    conflicts: tuple[Conflict, ...]
    taken: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The merge under the keys that `merge --json` promises."""
        return {
            "schema_version": 1,
            "merged": not self.conflicts,
            "taken": list(self.taken),
            "conflicts": [conflict.as_json() for conflict in self.conflicts],
        }


@dataclass(frozen=True)
class _Named:
    """The three specs under the merged names, and where these clash."""

    base: Side
    ours: Side
    theirs: Side
    clashes: list[Clash]
    renamed: list[Path_]
    """Where theirs gave another name."""


def merge(base: Document | None, ours: Document, theirs: Document) -> Merge:
    """Merge two specs that were made from `base`; None where both are new.

    Raises `SpecError` for a spec whose schema is not sound, with all findings about it.
    """
    sides = _named(base, ours, theirs)
    made = merged(sides.base, sides.ours, sides.theirs)
    assert sides.ours.document is not None
    document = amended(sides.ours.document, made.written, sides.theirs.document)
    conflicts = [*_of_names(sides.clashes, ours, theirs), *_disagreements(made, sides)]
    text = document.root.source.text
    if made.disagreements:
        text = with_markers(document, made.written, sides.theirs, made.disagreements)
    elif not conflicts:
        findings = examine(document).errors
        changed = {"ours": sorted(sides.ours.changed), "theirs": [*sides.renamed, *made.taken]}
        conflicts += conflicts_of(document, findings, changed) if findings else ()
    taken = [".".join(map(str, path)) for path in (*sides.renamed, *made.taken)]
    return Merge(text, tuple(conflicts), tuple(taken))


def _sound(document: Document) -> tuple[Spec, Examination]:
    found = examine(document)
    if found.spec is None:
        raise SpecError(found.diagnostics)
    return found.spec, found


def _named(base: Document | None, ours: Document, theirs: Document) -> _Named:
    own, other = _sound(ours), _sound(theirs)
    if base is None:
        new = [[(key,) for key in side.data()] for side in (ours, theirs)]
        return _Named(Side.of(None), Side.of(ours, new[0]), Side.of(theirs, new[1]), [], [])
    before = _sound(base)
    found = [_compared(before, side) for side in (own, other)]
    kept = [kept_layers(before[0], side[0], made) for side, made in zip((own, other), found, strict=True)]
    documents = base, ours, theirs
    taken = [set(document.data()["layers"]) for document in documents]
    layers = merged_names("layers", list(base.data()["layers"]), kept[0], kept[1], (taken[1], taken[2]))
    groups = _groups(before[0], (own[0], other[0]), found)
    told = [
        under_names(document, spec, names, places)
        for document, spec, names, places in zip(
            documents,
            (before[0], own[0], other[0]),
            (layers.base, layers.ours, layers.theirs),
            (groups.base, groups.ours, groups.theirs),
            strict=True,
        )
    ]
    changed = [
        changed_paths(made, layers.base, of_side, names - of_side.keys())
        for made, of_side, names in zip(found, (layers.ours, layers.theirs), taken[1:], strict=True)
    ]
    renamed: list[Path_] = [("layers", new) for old, new in layers.ours.items() if old != new]
    renamed += [("groups", new) for old, new in groups.ours.items() if old != new]
    return _Named(
        Side.of(told[0]),
        Side.of(told[1], changed[0]),
        Side.of(told[2], changed[1]),
        [*layers.clashes, *groups.clashes],
        renamed,
    )


def _compared(before: tuple[Spec, Examination], after: tuple[Spec, Examination]) -> Comparison:
    return comparison(before[0], after[0], before[1].network, after[1].network, folds=False)


def _groups(before: Spec, sides: tuple[Spec, Spec], found: list[Comparison]) -> Naming:
    names = before.groups
    one, other = (
        {**{name: name for name in names if name in side.groups}, **made.groups}
        for side, made in zip(sides, found, strict=True)
    )
    return merged_names("groups", list(names), one, other, (set(sides[0].groups), set(sides[1].groups)))


def _of_names(clashes: Iterable[Clash], ours: Document, theirs: Document) -> Iterator[Conflict]:
    for clash in clashes:
        what, own, other = clash.what, clash.ours, clash.theirs
        steps = [(what, name) if what == "layers" else (what,) for name in (own, other)]
        places = ours.locate(steps[0], key=True), theirs.locate(steps[1], key=True)
        yield Conflict("renamed", f"{what}.{clash.base}", clash.base, own, other, *places)


def _disagreements(made: Merged, sides: _Named) -> Iterator[Conflict]:
    for found in made.disagreements:
        meant = found.base, found.ours, found.theirs
        each = sides.base, sides.ours, sides.theirs
        base, own, other = (_shown(side, found.path, value) for side, value in zip(each, meant, strict=True))
        places = [side.document.locate(found.path) if side.document else None for side in each]
        path = ".".join(map(str, found.path))
        yield Conflict(kind_of(*meant), path, base, own, other, places[1], places[2])


def _shown(side: Side, path: Path_, value: Any) -> Any:
    """A value as it is written, or else its default."""
    there = at(side.written, path)
    return value if there is None else there
