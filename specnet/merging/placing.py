"""Values put into data at paths, in the words and the order in which another side has them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from specnet.syntax.document import Path_

ABSENT = None
"""What a side has where it says nothing: no value of a spec is null."""


class Placing:
    """Data that values are set in. A new name stands behind what it follows in `order`, another side's data,
    once `put_in_order` is called: to look for its place each time would take a long file's square."""

    def __init__(self, data: dict[str, Any], order: Mapping[str, Any]) -> None:
        self.data = data
        self.order = order
        self._new: dict[Path_, list[str]] = {}

    def place(self, path: Path_, meant: Any, others: Any) -> None:
        """Write at a path what the other side has there. Where the two write a part in different forms, it is
        written as there if its meaning, in `others`, is that in `meant`, and else in full."""
        part: Any = self.data
        for depth, step in enumerate(path[:-1], 1):
            known, other = path[:depth], at(self.order, path[:depth])
            inner = at(part, (step,))
            if type(inner) is not type(other) or not isinstance(inner, dict | list):
                value = other if at(meant, known) == at(others, known) else at(meant, known)
                self.set(known, copy.deepcopy(value))
                return
            part = inner
        self.set(path, copy.deepcopy(at(self.order, path)))

    def set(self, path: Path_, value: Any) -> None:
        """Set a value; None takes it out."""
        part: Any = self.data
        for step in path[:-1]:
            part = part[int(step)] if isinstance(part, list) else part.setdefault(step, {})
        last = path[-1]
        if isinstance(part, list):
            part[int(last)] = value
        elif value is ABSENT:
            part.pop(last, None)
        else:
            if last not in part:
                self._new.setdefault(path[:-1], []).append(str(last))
            part[last] = value

    def put_in_order(self) -> None:
        """Move new names behind those that they follow in the other side; others stay at the end."""
        for path, names in self._new.items():
            part, order = at(self.data, path), at(self.order, path)
            if isinstance(part, dict) and isinstance(order, Mapping):
                _put_in_order(part, {name for name in names if name in order}, order)
        self._new = {}


def _put_in_order(part: dict[str, Any], new: set[str], order: Mapping[str, Any]) -> None:
    behind: dict[str | None, list[str]] = {}
    last = None
    for name in order:
        if name in new:
            behind.setdefault(last, []).append(name)
        elif name in part:
            last = name
    names = behind.get(None, [])
    for name in part:
        if name not in new:
            names += [name, *behind.get(name, ())]
    items = {name: part[name] for name in names if name in part}
    part.clear()
    part.update(items)


def at(data: Any, path: Path_) -> Any:
    """What stands at a path; None if nothing does."""
    for step in path:
        if isinstance(data, list):
            data = data[int(step)] if int(step) < len(data) else None
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
    return data
