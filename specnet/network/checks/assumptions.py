"""What a spec says that its source does not: each value under `assumed` must exist, and is reported."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import is_affordable, suggestion, surely_named
from specnet.network.sink import Sink
from specnet.spec.names import LONGEST
from specnet.spec.salvage import Parts
from specnet.syntax.document import Path_
from specnet.syntax.emit import written

SHOWN = 60
"""Characters of a value that a message shows."""


def check_assumptions(parts: Parts, sink: Sink, *, is_intact: bool) -> None:
    """A warning for each assumed value, at the value; an error for each path that leads nowhere.

    Where the schema is not `is_intact`, a path may lead to a part that could not be read, and nothing is
    said of it.
    """
    if parts.assumed is None:
        return
    known: set[Path_] = set()
    unknown = 0
    for index, dotted in enumerate(parts.assumed.values):
        path, value, missing = _followed(parts.yaml, dotted)
        if missing is None:
            if not any(path[:depth] in known for depth in range(1, len(path) + 1)):
                shown = written(value)
                shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
                message = f"{dotted} is unspecified; {shown} is assumed, from {parts.assumed.from_}"
                hint = "find out what the source's author used, and take it off 'assumed'"
                sink.warn(rules.ASSUMED_VALUE, message, hint, path, key=True)
            known.add(path)
        elif is_intact:
            slot = (index,) if len(parts.assumed.values) > 1 else ()
            names = _names(value)
            few, unknown = is_affordable(unknown, len(names)), unknown + 1
            close = suggestion(missing, names, noun="name") if few else None
            meant = surely_named(missing, names) if few and path.count(missing) == 1 else None
            right = meant and ".".join(meant if name == missing else str(name) for name in path)
            fix = sink.renaming(("assumed", "values"), index, dotted, right)
            message = f"assumed: nothing is at '{dotted}'"
            sink.error(rules.UNKNOWN_ASSUMPTION, message, close, ("assumed", "values", *slot), fix)


def _followed(data: Any, dotted: str) -> tuple[Path_, Any, str | None]:
    """A path's steps, and the value at it; or what was reached, and the name that leads nowhere.

    Names may have dots in them.
    """
    steps, path = dotted.split("."), []
    while steps:
        names = _names(data)
        count = next((n for n in range(min(len(steps), LONGEST), 0, -1) if ".".join(steps[:n]) in names), 0)
        path.append(".".join(steps[: count or 1]))
        if not count:
            return (*path, *steps[1:]), data, path[-1]
        steps = steps[count:]
        data = data[int(path[-1])] if isinstance(data, list) else data[path[-1]]
    return tuple(path), data, None


def _names(value: Any) -> Collection[str]:
    """The names that lead on from a value."""
    if isinstance(value, dict):
        return value
    return [str(index) for index in range(len(value))] if isinstance(value, list) else []
