"""What follows from the differences of two networks: totals, shapes, memory, traffic, and trained weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet.diffs.fitting import fitting, places
from specnet.diffs.isomorphism import correspondence
from specnet.diffs.recipe_consequences import RecipeConsequences, recipe_consequences
from specnet.layers.base import Shape
from specnet.network.memory import needed, traffic
from specnet.network.network import Network
from specnet.tables import build
from specnet.text import describe, few, plural, size

START = "specnet train NEW --weights RUN starts from them"
"""How to train the second spec with the weights of a run of the first."""
SHOWN = 12
"""Layers that are listed unless all are asked for."""
LINES = 12
"""Lines that are told unless all are asked for."""
GROUPS = 2
"""Groups whose memory has a line of its own."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """Totals before and after, and what becomes of shapes, memory, traffic and trained weights.

    `shapes` are the layers in both whose output shape changed, under their new names. `memory` is the least
    number of bytes that each group needs, `traffic` the bytes between groups in one step of training (for
    one image, where there is no recipe). `weights` are the parameters of the second spec that a trained run
    of the first one already has, and all it has; `untrained` are the layers with any that it has not.
    `same_network` says that the two are one network written in two ways. `recipe` is None unless both specs
    have one.
    """

    parameters: tuple[int, int]
    frozen_parameters: tuple[int, int]
    macs: tuple[int, int]
    cross_group_values: tuple[int, int]
    traffic: tuple[int, int]
    shapes: tuple[tuple[str, Shape, Shape], ...]
    memory: dict[str, tuple[int | None, int | None]]
    weights: tuple[int, int]
    untrained: tuple[str, ...]
    same_network: bool
    recipe: RecipeConsequences | None = None

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
        }

    def lines(self, *, everything: bool = False, option: str = "everything=True") -> list[str]:
        """What follows, a line for each thing that differs; `option` is what asks for all of it."""
        recipe = self.recipe.lines() if self.recipe else []
        if self.same_network:
            return ["the two are the same network, written in two ways", *recipe]
        lines = [*self._totals(everything), *self._memory(everything), *recipe]
        weights = self._weights(None if everything else SHOWN)
        shapes = [f"{layer}: {describe(was)} -> {describe(now)}" for layer, was, now in self.shapes]
        shown = len(shapes) if everything else max(0, LINES - len(lines) - len(weights))
        if len(shapes) > shown:
            rest = len(shapes) - max(0, shown - 1)
            more = plural(rest, "more shape" if rest < len(shapes) else "other shape")
            shapes = [*shapes[: max(0, shown - 1)], f"and {more} ({option})"]
        return [*lines, *shapes, *weights]

    def _totals(self, everything: bool) -> list[str]:
        totals = {
            "parameters": self.parameters,
            "of these frozen": self.frozen_parameters,
            "MACs": self.macs,
            "values across groups": self.cross_group_values,
        }
        told = [
            f"{name}: {_moved(*pair)}" for name, pair in totals.items() if everything or pair[0] != pair[1]
        ]
        if self.traffic[0] != self.traffic[1]:
            told.append(f"traffic in a step: {' -> '.join(map(size, self.traffic))}")
        return told or ["parameters, MACs and values across groups stay as they are"]

    def _memory(self, everything: bool) -> list[str]:
        moved = [
            (group, " -> ".join("none" if side is None else size(side) for side in pair))
            for group, pair in self.memory.items()
            if pair[0] != pair[1]
        ]
        if everything or len(moved) <= GROUPS:
            return [f"least memory on {group}: {sides}" for group, sides in moved]
        return [f"least memory: {few([f'{group} {sides}' for group, sides in moved])}"]

    def _weights(self, limit: int | None) -> list[str]:
        fit, every = self.weights
        if fit == every:
            return []
        shown = self.untrained[:limit]
        more = f" and {len(self.untrained) - len(shown)} more" if len(shown) < len(self.untrained) else ""
        how = f"; {START}" if fit else ""
        return [
            f"{fit:,} of {every:,} parameters fit the weights of a trained run{how}",
            f"to be trained anew: {', '.join(shown)}{more}",
        ]


def _moved(before: int, after: int) -> str:
    if before == after:
        return f"{before:,}, unchanged"
    percent = f", {(after - before) / before:+.1%}" if before else ""
    return f"{before:,} -> {after:,} ({after - before:+,}{percent})"


def consequences(
    before: Network, after: Network, renamed: Mapping[str, str], *, written_only: bool
) -> Consequences:
    """What becomes of the first network in the second; `renamed` are new names of layers by their old ones.

    `written_only` says that the specs differ in nothing but how they write their layers.
    """
    old, new = build.make(before), build.make(after)
    shapes = {row.name: row.output_shape for row in new.rows}
    named = [(renamed.get(row.name, row.name), row.output_shape) for row in old.rows]
    same = correspondence(before, after) if written_only else None
    kept = fitting(before, after, renamed, same).fit
    fit = every = 0
    untrained: dict[str, None] = {}
    for place, _, weight in places(after):
        if not weight.trainable:
            continue
        every += weight.size
        if place in kept:
            fit += weight.size
        else:
            untrained[place.node.layer] = None
    # A step of training and one image in use are not two sides of one comparison.
    alike = (before.spec.training is None) == (after.spec.training is None)
    memory_before, memory_after = (needed(n) if alike else {} for n in (before, after))
    return Consequences(
        parameters=(old.totals.parameters, new.totals.parameters),
        frozen_parameters=(old.totals.frozen_parameters, new.totals.frozen_parameters),
        macs=(old.totals.macs, new.totals.macs),
        cross_group_values=(old.totals.cross_group_values, new.totals.cross_group_values),
        traffic=(sum(traffic(before).values()), sum(traffic(after).values())) if alike else (0, 0),
        shapes=tuple((n, was, shapes[n]) for n, was in named if n in shapes and shapes[n] != was),
        memory={g: (memory_before.get(g), memory_after.get(g)) for g in {**memory_before, **memory_after}},
        weights=(fit, every),
        untrained=tuple(untrained),
        same_network=same is not None,
        recipe=recipe_consequences(before, after),
    )
