"""What a spec says that its source does not: each value under `assumed` must exist, and is reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specnet.document import Path_, written
from specnet.errors import Diagnostic, suggestion
from specnet.spec import Spec

SHOWN = 60
"""Characters of a value that a message shows."""


def assumptions(spec: Spec) -> Iterator[Diagnostic]:
    """A warning for each assumed value, at the value; an error for each path that leads nowhere."""
    if spec.assumed is None:
        return
    data = spec.as_yaml()
    for index, dotted in enumerate(spec.assumed.values):
        *parents, last = path = tuple(dotted.split("."))
        holder = _at(data, tuple(parents))
        if isinstance(holder, dict) and last in holder:
            yield _assumed(spec, path, holder[last])
        else:
            slot = (index,) if len(spec.assumed.values) > 1 else ()
            place = spec.locate(("assumed", "values", *slot))
            valid = holder if isinstance(holder, dict) else data
            hint = suggestion(last if isinstance(holder, dict) else path[0], valid, noun="name")
            message = f"assumed: nothing is at '{dotted}'"
            yield Diagnostic("SN209", message, place, hint)


def _assumed(spec: Spec, path: Path_, value: Any) -> Diagnostic:
    assert spec.assumed is not None
    shown = written(value)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    message = f"{'.'.join(map(str, path))} is unspecified; {shown} is assumed, from {spec.assumed.from_}"
    hint = "find out what the source's author used, and take it off 'assumed'"
    return Diagnostic("SN210", message, spec.locate(path, key=True), hint, severity="warning")


def _at(data: Any, path: Path_) -> Any:
    """The value at a path of keys; None if there is none."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data
