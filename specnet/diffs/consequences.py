"""What follows from the differences of two networks: totals, shapes, memory, traffic, and trained weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.diffs.carrying import Place, WeightMapping
from specnet.diffs.consequence_lines import dozen, mac_lines, memory_lines, total_lines, weight_lines
from specnet.diffs.edges import EdgeChange, edge_changes, edge_lines
from specnet.diffs.fields import FieldChanges, field_changes
from specnet.diffs.pairs import Pair, with_names
from specnet.diffs.recipe_consequences import RecipeConsequences, recipe_consequences
from specnet.diffs.shapes import ShapeChange, shape_changes
from specnet.network.network import Network
from specnet.tables import build
from specnet.tables.rows import GroupTotal
from specnet.text import describe, size

GroupChanges = Mapping[str, Mapping[str, tuple[int | None, int | None]]]
"""By group and by what is counted: before and after."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """Totals before and after, and what becomes of shapes, memory, traffic and trained weights.

    `shapes` are the layers in both whose output shape changed, under their new names. `memory` is the least
    number of bytes that each group needs, `traffic` the bytes between groups in one step of training (for
    one image, where there is no recipe). `weights` are the parameters of the second spec that a trained run
    of the first one already has, and all it has; `untrained` are the layers with any that it has not.
    `same_network` says that the two are one network written in two ways. `recipe` is None unless both specs
    have one. `edges` are the cross-group edges that differ, `fields` the receptive fields, and `groups` the
    `parameters` and `macs` of each group, None where there is no such group.
    """

    parameters: tuple[int, int]
    frozen_parameters: tuple[int, int]
    macs: tuple[int, int]
    cross_group_values: tuple[int, int]
    traffic: tuple[int, int]
    shapes: tuple[ShapeChange, ...]
    memory: dict[str, tuple[int | None, int | None]]
    weights: tuple[int, int]
    untrained: tuple[str, ...]
    same_network: bool
    sameness: str = ""
    """In which way they are one network."""
    recipe: RecipeConsequences | None = None
    edges: tuple[EdgeChange, ...] = ()
    fields: FieldChanges | None = None
    groups: GroupChanges = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        totals = {
            key: dict(zip(("before", "after"), getattr(self, key), strict=True))
            for key in ("parameters", "frozen_parameters", "macs", "cross_group_values", "traffic")
        }
        shapes = [{"layer": n, "before": list(a), "after": list(b)} for n, a, b in self.shapes]
        return {
            **totals,
            "shapes": shapes,
            "memory": {g: {"before": a, "after": b} for g, (a, b) in self.memory.items()},
            "weights": dict(zip(("fit", "all"), self.weights, strict=True)),
            "untrained": list(self.untrained),
            "same_network": self.same_network,
            "recipe": self.recipe.as_json() if self.recipe else None,
            "groups": {
                group: {key: dict(zip(("before", "after"), pair, strict=True)) for key, pair in held.items()}
                for group, held in self.groups.items()
            },
            "edges": [edge.as_json() for edge in self.edges],
            "receptive_fields": self.fields.as_json() if self.fields else None,
        }

    def lines(self, *, everything: bool = False, option: str = "everything=True") -> list[str]:
        """What follows, a line for each thing that differs; `option` is what asks for all of it."""
        parts = (
            (0, [self.sameness] if self.same_network else []),
            (0, list(self._total_lines(everything=everything))),
            (2, [str(edge) for edge in self.edges] if everything else edge_lines(self.edges)),
            (1, memory_lines(self.memory, everything=everything)),
            (0, self.recipe.lines() if self.recipe else []),
            (3, self.fields.lines(everything=everything) if self.fields else []),
            (4, [f"{layer}: {describe(was)} -> {describe(now)}" for layer, was, now in self.shapes]),
            (0, weight_lines(*self.weights, self.untrained, everything=everything)),
        )
        ranked = [(rank, line) for rank, part in parts for line in part]
        if not ranked:
            return ["parameters, MACs and values across groups stay as they are"]
        return [line for _, line in ranked] if everything else dozen(ranked, option)

    def _total_lines(self, *, everything: bool) -> Iterator[str]:
        totals = {
            "parameters": self.parameters,
            "of these frozen": self.frozen_parameters,
            "MACs": self.macs,
            "values across groups": self.cross_group_values,
        }
        yield from total_lines(totals, everything=everything)
        if everything:
            yield from mac_lines({group: held["macs"] for group, held in self.groups.items()})
        if self.traffic[0] != self.traffic[1]:
            yield f"traffic in a step: {' -> '.join(map(size, self.traffic))}"


def consequences(
    before: Network, after: Network, shares: Sequence[Pair], mapping: WeightMapping, sameness: str
) -> Consequences:
    """What becomes of the first network in the second; `shares` are those of both that are laid beside each
    other, `mapping` says which of its weights belong where, and `sameness` in which way the two are one."""
    old, new = build.make(before), build.make(after)
    pairs = with_names(shares, before, after)
    fit = every = 0
    untrained: dict[str, None] = {}
    for node, share in after.shares.items():
        for role, weight in share.parameters().items():
            if not weight.trainable:
                continue
            every += weight.size
            if Place(node, role) in mapping.entries:
                fit += weight.size
            else:
                untrained[node.layer] = None
    # A step of training and one image in use are not two sides of one comparison.
    alike = (before.spec.training is None) == (after.spec.training is None)
    memory_before, memory_after = (
        {group: held.needs for group, held in side.groups.items()} if alike else {} for side in (old, new)
    )
    return Consequences(
        parameters=(old.totals.parameters, new.totals.parameters),
        frozen_parameters=(old.totals.frozen_parameters, new.totals.frozen_parameters),
        macs=(old.totals.macs, new.totals.macs),
        cross_group_values=(old.totals.cross_group_values, new.totals.cross_group_values),
        traffic=(sum(old.traffic.values()), sum(new.traffic.values())) if alike else (0, 0),
        shapes=shape_changes(before, after, pairs),
        memory={g: (memory_before.get(g), memory_after.get(g)) for g in {**memory_before, **memory_after}},
        weights=(fit, every),
        untrained=tuple(untrained),
        same_network=mapping.same_network,
        sameness=sameness,
        recipe=recipe_consequences(before, after),
        edges=edge_changes(before, after, pairs) if alike else (),
        fields=field_changes(before, after, old, new, pairs),
        groups=_by_group(old.groups, new.groups),
    )


def _by_group(old: Mapping[str, GroupTotal], new: Mapping[str, GroupTotal]) -> GroupChanges:
    def sides(group: str, key: str) -> tuple[int | None, int | None]:
        before, after = (getattr(side.get(group), key, None) for side in (old, new))
        return before, after

    return {g: {key: sides(g, key) for key in ("parameters", "macs")} for g in {**old, **new}}
