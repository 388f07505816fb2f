"""Two specs, one edited from the other, and all that is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from editing.edit import Edited
from editing.outputs import STATES, Running, Values, carried_truly, known_values, same_answers
from specnet.backend.protocol import State
from specnet.diffs.carrying import WeightMapping
from specnet.diffs.change import Change
from specnet.diffs.comparison import weight_mapping
from specnet.diffs.diff import Diff, compare
from specnet.diffs.normal_form import canonical
from specnet.network.network import Examination, examine


class Side:
    """One of the two specs, examined and ready to run."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.examination: Examination = examine(data)
        self.running = Running(self.examination.valid())

    @cached_property
    def canonical(self) -> dict[str, Any]:
        assert self.examination.spec is not None
        return canonical(self.examination.spec)


@dataclass
class Pair:
    """A spec, an edit, and all that is said of it."""

    before: Side
    after: Side
    edited: Edited

    @cached_property
    def diff(self) -> Diff:
        return compare(self.before.examination, self.after.examination)

    @cached_property
    def reversed(self) -> Diff:
        return compare(self.after.examination, self.before.examination)

    @cached_property
    def mapping(self) -> WeightMapping:
        return weight_mapping(self.before.running.network, self.after.running.network)

    @cached_property
    def effect(self) -> str:
        """That of the edit, found out by its own way to carry weights where it is open."""
        if self.edited.effect != "open":
            return self.edited.effect
        before, after = self.before.running, self.after.running
        for seed in STATES:
            state = carried_truly(self.edited, before, after, before.state(seed))
            old, new = before.own_values(seed), after.values(state, before.images(seed))
            is_whole = len(before.network.shares) == len(after.network.shares)
            if not (
                is_whole and same_answers(before, after, old, new) and all(known_values(new, old).values())
            ):
                return "function"  # maybe of what nothing reads
        return "same"

    @cached_property
    def values(self) -> list[tuple[Values, Values]]:
        """The values of both networks from each of the random states, as the mapping carries them."""
        before, after = self.before.running, self.after.running
        made = []
        for seed in STATES:
            state: State = {**after.state(seed + 100), **self.mapping.carried(before.state(seed))}
            made.append((before.own_values(seed), after.values(state, before.images(seed))))
        return made

    @cached_property
    def answers_are_equal(self) -> bool:
        before, after = self.before.running, self.after.running
        return all(same_answers(before, after, old, new) for old, new in self.values)

    @cached_property
    def explained(self) -> Edited:
        """The edit as it was made, or as the diff tells it if that is shorter: it leads there as well."""
        changes = self.diff.changes
        if len(changes) >= self.edited.edits:
            return self.edited
        names, groups = (
            {c.after: c.before for c in changes if _is_rename(c, p)} for p in ("layers", "groups")
        )
        told = [c for change in changes for c in (change, *change.along) if c.layer and c.op != "rename"]
        added = frozenset(c.layer for c in told if c.op == "add" and not c.field)
        touched = frozenset(c.layer for c in told) & self.after.running.network.graph.layers.keys()
        return replace(self.edited, origins=names, group_origins=groups, added=added, touched=touched)

    @property
    def is_coincidence(self) -> bool:
        """Whether another network gives the same answers: the edit did not matter, or hardly ever does."""
        return not self.mapping.same_network and not self.mapping.anew and self.answers_are_equal


def _is_rename(change: Change, part: str) -> bool:
    return change.op == "rename" and change.path.startswith(f"{part}.")
