"""What two sides of a merge do not agree on, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from specnet.diagnostics.diagnostic import Diagnostic, Position
from specnet.syntax.emit import written
from specnet.text import printable

Kind = Literal["changed", "added", "removed", "renamed", "invalid"]


@dataclass(frozen=True)
class Conflict:
    """`changed` alike but differently, `added` by both, `removed` by one and changed by the other, `renamed`
    by both, or `invalid`, where both changes together make no network. A missing side is None."""

    kind: Kind
    path: str
    base: Any = None
    ours: Any = None
    theirs: Any = None
    at_ours: Position | None = None
    at_theirs: Position | None = None
    finding: Diagnostic | None = None
    changes: dict[str, list[str]] | None = None
    """For an invalid one: the paths that each side has changed and that the finding is about."""

    def as_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {"kind": self.kind, "path": self.path}
        if self.finding is not None:
            return {**made, "finding": self.finding.as_json(), "changes": self.changes}
        made |= {"base": self.base, "ours": self.ours, "theirs": self.theirs}
        places = {"ours": self.at_ours, "theirs": self.at_theirs}
        return {**made, "at": {side: _place(at) for side, at in places.items()}}

    def lines(self) -> Iterator[str]:
        """What it is about, and a line for each side."""
        if self.finding is not None:
            yield f"conflict: together the changes make no valid network: {self.finding}"
            for side, paths in (self.changes or {}).items():
                if paths:
                    yield f"  {side} changed {', '.join(map(printable, paths))}"
            return
        yield f"conflict: {printable(self.path)} {WORDS[self.kind]}"
        yield f"  base: {_value(self.base)}"
        for side, value, at in (
            ("ours", self.ours, self.at_ours),
            ("theirs", self.theirs, self.at_theirs),
        ):
            where = f"  ({printable(at.file)}:{at.line}:{at.column})" if at else ""
            yield f"  {side}: {_value(value)}{where}"


WORDS = {
    "changed": "was changed by both sides",
    "added": "was added by both sides, and is not the same",
    "removed": "was removed by one side and changed by the other",
    "renamed": "was renamed by both sides, or to a name that is taken",
}


def _value(value: Any) -> str:
    return "nothing" if value is None else printable(written(value))


def _place(at: Position | None) -> dict[str, Any] | None:
    return {"file": at.file, "line": at.line, "column": at.column} if at else None


def kind_of(base: Any, ours: Any, theirs: Any) -> Kind:
    """Which kind of conflict three values are."""
    if base is None:
        return "added"
    return "removed" if ours is None or theirs is None else "changed"
