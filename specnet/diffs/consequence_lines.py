"""The consequences of a change in text: a line for each thing that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specnet.text import few, plural, size

START = "specnet train NEW --weights RUN starts from them"
"""How to train the second spec with the weights of a run of the first."""
SHOWN = 12
"""Layers that are listed unless all are asked for."""
LINES = 12
"""Lines that are told unless all are asked for."""


def total_lines(totals: Mapping[str, tuple[int, int]], *, everything: bool) -> Iterator[str]:
    """Totals by what they are called; those that stay, too, if all is asked for, but for zeros."""
    for name, pair in totals.items():
        if pair[0] != pair[1] or (everything and any(pair)):
            yield f"{name}: {_moved(*pair)}"


def mac_lines(macs: Mapping[str, tuple[int | None, int | None]]) -> Iterator[str]:
    """The MACs of each of several groups, where they differ."""
    for group, pair in macs.items():
        if len(macs) > 1 and pair[0] != pair[1]:
            sides = ("none" if side is None else f"{side:,}" for side in pair)
            yield f"MACs on {group}: {' -> '.join(sides)}"


def memory_lines(memory: Mapping[str, tuple[int | None, int | None]], *, everything: bool) -> list[str]:
    """The memory of each group, where it differs: on one line, or on one for each group."""
    moved = [
        (group, " -> ".join("none" if side is None else size(side) for side in pair))
        for group, pair in memory.items()
        if pair[0] != pair[1]
    ]
    if everything or len(moved) < 2:
        return [f"least memory on {group}: {sides}" for group, sides in moved]
    return [f"least memory: {few([f'{group} {sides}' for group, sides in moved])}"]


def weight_lines(fit: int, every: int, untrained: Sequence[str], *, everything: bool) -> list[str]:
    """How many of all parameters a trained run has, and the layers that it has not all of."""
    if fit == every:
        return []
    shown = untrained if everything else untrained[:SHOWN]
    more = f" and {len(untrained) - len(shown)} more" if len(shown) < len(untrained) else ""
    how = f"; {START}" if fit else ""
    return [
        f"{fit:,} of {every:,} parameters fit the weights of a trained run{how}",
        f"to be trained anew: {', '.join(shown)}{more}",
    ]


def dozen(ranked: Sequence[tuple[int, str]], option: str) -> list[str]:
    """As many lines as are told; of those of the highest rank the last ones are left out first, and the
    `option` that asks for them is named."""
    if len(ranked) <= LINES:
        return [line for _, line in ranked]
    by_rank = sorted(range(len(ranked)), key=lambda index: (ranked[index][0], index))
    kept = [ranked[index][1] for index in sorted(by_rank[: LINES - 1])]
    return [*kept, f"and {plural(len(ranked) - len(kept), 'more line')} ({option})"]


def _moved(before: int, after: int) -> str:
    if before == after:
        return f"{before:,}, unchanged"
    percent = f", {(after - before) / before:+.1%}" if before else ""
    return f"{before:,} -> {after:,} ({after - before:+,}{percent})"
