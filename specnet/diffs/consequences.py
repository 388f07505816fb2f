"""What follows from the differences of two networks: totals, shapes, memory, traffic, and trained weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet.diffs.fitting import fitting, places
from specnet.diffs.isomorphism import correspondence
from specnet.layers.base import Shape
from specnet.network.memory import needed, traffic
from specnet.network.network import Network
from specnet.tables import build
from specnet.text import describe, plural, size

START = "specnet train NEW --weights RUN starts from them"
"""How to train the second spec with the weights of a run of the first."""
SHOWN = 12
"""Shapes and layers that are listed unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """Totals before and after, and what becomes of shapes, memory, traffic and trained weights.

    `shapes` are the layers in both whose output shape changed, under their new names. `memory` is the least
    number of bytes that each group needs, `traffic` the bytes between groups in one step of training (for
    one image, where there is no recipe). `weights` are the parameters of the second spec that a trained run
    of the first one already has, and all it has; `untrained` are the layers with any that it has not.
    `same_network` says that the two are one network written in two ways.
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
        }

    def lines(self, *, everything: bool = False, option: str = "everything=True") -> list[str]:
        """What follows, a line for each thing that does; `option` is what asks for all of it."""
        if self.same_network:
            return ["the two are the same network, written in two ways"]
        lines = [
            f"parameters: {_moved(*self.parameters)}",
            *([f"of these frozen: {_moved(*self.frozen_parameters)}"] if any(self.frozen_parameters) else []),
            f"MACs: {_moved(*self.macs)}",
            f"values across groups: {_moved(*self.cross_group_values)}",
        ]
        if self.traffic[0] != self.traffic[1]:
            lines.append(f"traffic in a step: {' -> '.join(map(size, self.traffic))}")
        for group, (before, after) in self.memory.items():
            if before != after:
                sides = ["none" if side is None else size(side) for side in (before, after)]
                lines.append(f"least memory on {group}: {' -> '.join(sides)}")
        limit = None if everything else SHOWN
        lines += [f"{layer}: {describe(was)} -> {describe(now)}" for layer, was, now in self.shapes[:limit]]
        if len(self.shapes) > len(self.shapes[:limit]):
            lines.append(f"and {plural(len(self.shapes) - SHOWN, 'more shape')} ({option})")
        fit, every = self.weights
        if fit != every:
            shown = ", ".join(self.untrained[:limit])
            more = (
                f" and {len(self.untrained) - SHOWN} more" if self.untrained[:limit] != self.untrained else ""
            )
            how = f"; {START}" if fit else ""
            lines.append(f"{fit:,} of {every:,} parameters fit the weights of a trained run{how}")
            lines.append(f"to be trained anew: {shown}{more}")
        return lines


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
    )
