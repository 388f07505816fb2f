"""What a spec says that its source does not: each value under `assumed` must exist, and is reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.suggestions import suggestion, surely_named
from specnet.spec.spec import Spec
from specnet.syntax.document import Path_
from specnet.syntax.edits import renamed
from specnet.syntax.emit import written

SHOWN = 60
"""Characters of a value that a message shows."""


def assumptions(spec: Spec) -> Iterator[Diagnostic]:
    """A warning for each assumed value, at the value; an error for each path that leads nowhere."""
    if spec.assumed is None:
        return
    data = spec.as_yaml()
    known: set[Path_] = set()
    for index, dotted in enumerate(spec.assumed.values):
        path = tuple(dotted.split("."))
        value, missing = _followed(data, path)
        if missing is None:
            if not any(path[:depth] in known for depth in range(1, len(path) + 1)):
                yield _assumed(spec, path, value)
            known.add(path)
            continue
        slot = (index,) if len(spec.assumed.values) > 1 else ()
        message = f"assumed: nothing is at '{dotted}'"
        hint = suggestion(missing, _names(value), noun="name")
        place = spec.locate(("assumed", "values", *slot))
        meant = surely_named(missing, _names(value))
        right = ".".join(meant or step if step == missing else step for step in path)
        listed = spec.locate(("assumed", "values", index))
        fix = renamed(place, dotted, right) or renamed(listed, dotted, right)
        fix = fix if meant and path.count(missing) == 1 else None
        yield rules.UNKNOWN_ASSUMPTION.at(place, message, hint, fix)


def _followed(data: Any, path: Path_) -> tuple[Any, str | None]:
    """The value at a path; or what was reached, and the step that leads nowhere."""
    for step in map(str, path):
        if step not in _names(data):
            return data, step
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data, None


def _names(value: Any) -> list[str]:
    """The steps that lead on from a value."""
    if isinstance(value, dict):
        return list(value)
    return [str(index) for index in range(len(value))] if isinstance(value, list) else []


def _assumed(spec: Spec, path: Path_, value: Any) -> Diagnostic:
    assert spec.assumed is not None
    shown = written(value)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    message = f"{'.'.join(map(str, path))} is unspecified; {shown} is assumed, from {spec.assumed.from_}"
    hint = "find out what the source's author used, and take it off 'assumed'"
    return rules.ASSUMED_VALUE.at(spec.locate(path, key=True), message, hint)
