"""The prefix that the names of a wrapped model bear in a file: `module.`, `_orig_mod.`, `backbone.`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import takewhile

from specnet.convert.weights.names import ParameterNames
from specnet.convert.weights.tensor_file import Layout

MOST = 10
"""Modules that the names of a wrapped model lie in."""
DEEPEST = 32
"""Modules in one another that a mapping may name."""


def written(prefix: str, layout: Layout) -> str:
    """A prefix as names bear it: a module's name gets the sign that follows it."""
    return prefix + ("." if layout == "torch" else "/") if prefix[-1:].isalnum() else prefix


def on_every_name(tensors: Sequence[str], names: ParameterNames, said: Collection[str]) -> str:
    """The modules that all tensors lie in, as far as leaving them out makes more names agree.

    `said` are the names that a mapping explains. Empty if the names agree as they are, or agree no better.
    """
    columns = zip(*(tensor.split(".")[:-1] for tensor in tensors), strict=False)
    common = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, columns)]
    prefixes = ["".join(f"{part}." for part in common[:depth]) for depth in range(min(len(common), MOST) + 1)]

    def known(prefix: str) -> int:
        return sum(
            names.parameter(tensor.removeprefix(prefix)) is not None
            or _is_said(tensor.removeprefix(prefix), said)
            or _is_said(tensor, said)
            for tensor in tensors
        )

    return max(prefixes, key=known)


def usual(tensors: Sequence[str], names: ParameterNames) -> str | None:
    """The prefix behind which most tensors bear a name of the network, or None."""
    counts: Counter[str] = Counter()
    for tensor in tensors:
        parts = tensor.split(".")
        for depth in range(1, min(len(parts) - 1, MOST + 1)):
            if names.parameter(".".join(parts[depth:])) is not None:
                counts[".".join(parts[:depth]) + "."] += 1
    return counts.most_common(1)[0][0] if counts else None


def _is_said(name: str, said: Collection[str]) -> bool:
    if not said or name in said:
        return bool(said)
    parts = name.split(".", DEEPEST)
    return any(".".join(parts[:depth]) in said for depth in range(1, len(parts)))
