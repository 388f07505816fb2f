"""The consequences of a change in text: a line for each thing that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from specnet.diffs.edges import edge_lines
from specnet.text import describe, few, plural, size

if TYPE_CHECKING:
    from specnet.diffs.consequences import Consequences

START = "specnet train NEW --weights RUN starts from them"
"""How to train the second spec with the weights of a run of the first."""
SHOWN = 12
"""Layers that are listed unless all are asked for."""
LINES = 12
"""Lines that are told unless all are asked for."""


def lines(found: Consequences, option: str, *, everything: bool) -> list[str]:
    """Everything that differs; unless all is asked for, a dozen lines, and the `option` that asks for it."""
    parts = (
        (0, ["the two are the same network, written in two ways"] if found.same_network else []),
        (0, list(_totals(found, everything=everything))),
        (2, [str(edge) for edge in found.edges] if everything else edge_lines(found.edges)),
        (1, _memory(found, everything=everything)),
        (0, found.recipe.lines() if found.recipe else []),
        (3, found.fields.lines(everything=everything) if found.fields else []),
        (4, [f"{layer}: {describe(was)} -> {describe(now)}" for layer, was, now in found.shapes]),
        (0, _weights(found, None if everything else SHOWN)),
    )
    ranked = [(rank, line) for rank, part in parts for line in part]
    if not ranked:
        return ["parameters, MACs and values across groups stay as they are"]
    return [line for _, line in ranked] if everything else _dozen(ranked, option)


def _totals(found: Consequences, *, everything: bool) -> Iterator[str]:
    totals = {
        "parameters": found.parameters,
        "of these frozen": found.frozen_parameters,
        "MACs": found.macs,
        "values across groups": found.cross_group_values,
    }
    for name, pair in totals.items():
        if pair[0] != pair[1] or (everything and any(pair)):
            yield f"{name}: {_moved(*pair)}"
    if everything and len(found.groups) > 1:
        for group, held in found.groups.items():
            if held["macs"][0] != held["macs"][1]:
                yield f"MACs on {group}: {_sides(held['macs'])}"
    if found.traffic[0] != found.traffic[1]:
        yield f"traffic in a step: {' -> '.join(map(size, found.traffic))}"


def _memory(found: Consequences, *, everything: bool) -> list[str]:
    moved = [
        (group, " -> ".join("none" if side is None else size(side) for side in pair))
        for group, pair in found.memory.items()
        if pair[0] != pair[1]
    ]
    if everything or len(moved) < 2:
        return [f"least memory on {group}: {sides}" for group, sides in moved]
    return [f"least memory: {few([f'{group} {sides}' for group, sides in moved])}"]


def _weights(found: Consequences, limit: int | None) -> list[str]:
    fit, every = found.weights
    if fit == every:
        return []
    shown = found.untrained[:limit]
    more = f" and {len(found.untrained) - len(shown)} more" if len(shown) < len(found.untrained) else ""
    how = f"; {START}" if fit else ""
    return [
        f"{fit:,} of {every:,} parameters fit the weights of a trained run{how}",
        f"to be trained anew: {', '.join(shown)}{more}",
    ]


def _dozen(ranked: Sequence[tuple[int, str]], option: str) -> list[str]:
    """As many lines as are told; of those of the highest rank the last ones are left out first."""
    if len(ranked) <= LINES:
        return [line for _, line in ranked]
    by_rank = sorted(range(len(ranked)), key=lambda index: (ranked[index][0], index))
    kept = [ranked[index][1] for index in sorted(by_rank[: LINES - 1])]
    return [*kept, f"and {plural(len(ranked) - len(kept), 'more line')} ({option})"]


def _sides(pair: Sequence[int | None]) -> str:
    return " -> ".join("none" if side is None else f"{side:,}" for side in pair)


def _moved(before: int, after: int) -> str:
    if before == after:
        return f"{before:,}, unchanged"
    percent = f", {(after - before) / before:+.1%}" if before else ""
    return f"{before:,} -> {after:,} ({after - before:+,}{percent})"
