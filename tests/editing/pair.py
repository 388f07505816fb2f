"""Two specs, one edited from the other, and all that is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import networkx

from editing.data import heads
from editing.edit import Edited
from editing.outputs import STATES, Running, Values, origin, same_answers
from specnet.backend.protocol import State
from specnet.diffs.carrying import WeightMapping
from specnet.diffs.change import Change
from specnet.diffs.comparison import weight_mapping
from specnet.diffs.diff import Diff, compare
from specnet.diffs.normal_form import canonical
from specnet.network.graph import Node
from specnet.network.network import Examination, examine
from specnet.network.shapes import Share


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
        """That of the edit. Where it is open, it is `same` if every share reads what it read. What nothing
        reads that the loss depends on is not trained."""
        if self.edited.effect == "training" and not self.edited.touched & _live(self.after):
            return "function"
        if self.edited.effect != "open":
            return self.edited.effect
        before, after = self.before.running, self.after.running
        was: dict[Node, Node] = {}
        for node, share in after.network.shares.items():
            layer = self.edited.origin(node.layer)
            found = origin(self.edited, before, after, node, layer) if layer else ()
            if len(found) != 1:
                return "function"
            if not _reads_as_many(share, before.network.shares[found[0]]):
                return "function"  # one of the shares that a layer was cut into reads but a part
            was[node] = found[0]
        if set(was.values()) != set(before.network.shares):
            return "function"  # maybe of what nothing reads
        same = all(
            [[_one(before, was[source]) for source in read] for read in share.reads]
            == [[_one(before, source) for source in read] for read in before.network.shares[was[node]].reads]
            for node, share in after.network.shares.items()
        )
        return "same" if same else "function"

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
        otherwise = {c.layer for c in self.diff.rewritten if c.op == "add" and not c.field}
        added = frozenset(c.layer for c in told if c.op == "add" and not c.field)
        added |= self.edited.added & otherwise  # a layer that is there for another way to write the same
        touched = frozenset(c.layer for c in told) & self.after.running.network.graph.layers.keys()
        halved = self.edited.halved | (self.edited.touched & {c.layer for c in self.diff.rewritten})
        return replace(
            self.edited, origins=names, group_origins=groups, added=added, touched=touched, halved=halved
        )

    @property
    def is_coincidence(self) -> bool:
        """Whether another network gives the same answers: the edit did not matter, or hardly ever does."""
        return not self.mapping.same_network and not self.mapping.anew and self.answers_are_equal


def _live(side: Side) -> set[str]:
    """The layers from which what the loss reads is made."""
    names, read = side.running.network.graph.names, heads(side.data)
    return read.union(*(networkx.ancestors(names, head) for head in read))


def _reads_as_many(share: Share, was: Share) -> bool:
    """Whether each channel of a share is made of as many as one of another share."""
    return share.layer.reads_channels() == "each" or share.inputs == was.inputs


def _one(running: Running, node: Node) -> Node:
    """A share, or the first of full copies."""
    graph = running.network.graph
    return graph.nodes[node.layer][0] if node.layer in graph.replicated else node


def _is_rename(change: Change, part: str) -> bool:
    return change.op == "rename" and change.path.startswith(f"{part}.")
