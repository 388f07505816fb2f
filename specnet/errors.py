"""What goes wrong, said once: diagnostics for findings in a spec, exceptions for everything else.

SpecnetError                    base; `exit_code` is what the command line returns
+-- SpecError                   the spec is invalid (exit code 1); carries every `Diagnostic`
+-- UsageError                  wrong arguments, or a thing that is not there (exit code 2)
    +-- PluginError             a backend, layer kind or dataset is missing, broken or claimed twice
    +-- DeviceError             a device was asked for that this machine does not have
    +-- DataError               a dataset is missing, empty or unreadable
    +-- RunError                a run directory or a checkpoint cannot be used
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from specnet.text import one_line, printable

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text. `line` and `column` count from 1; `width` is the number of characters meant."""

    file: str
    line: int
    column: int
    width: int = 1
    source: str = ""
    """The whole line, for showing it with a caret."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a stable code, what is wrong, where, and what to do about it."""

    code: str
    message: str
    position: Position | None = None
    hint: str | None = None
    severity: Severity = "error"

    def as_json(self) -> dict[str, object]:
        """The finding under the keys that `validate --json` promises."""
        place = self.position
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        """`file:line:column: severity CODE: message`, the source line with a caret, and the hint.

        Each is one line, whatever the spec's author put into names and values.
        """
        place = self.position
        where = f"{printable(place.file)}:{place.line}:{place.column}: " if place else ""
        lines = [f"{where}{self.severity} {self.code}: {one_line(self.message)}"]
        if place and place.source:
            lines += _excerpt(place)
        if self.hint:
            lines.append(f"  hint: {one_line(self.hint)}")
        return "\n".join(lines)


class Findings(list[Diagnostic]):
    """Findings in order. `str()` is one after another, as on the command line; notebooks show a table."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "no findings"

    def reworded(self, words: Callable[[str], str]) -> Findings:
        """The same in other words; `words` gives them for a piece of text."""
        return Findings(
            replace(d, message=words(d.message), hint=None if d.hint is None else words(d.hint)) for d in self
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: a finding in each row, with the line of the file that it is about."""
        from specnet import notebook

        if not self:
            return notebook.lines([str(self)])
        rows = [
            (
                f"{d.severity} {d.code}",
                f"{d.position.file}:{d.position.line}:{d.position.column}" if d.position else "",
                one_line(d.message),
                one_line(d.position.source.strip()) if d.position else "",
                one_line(d.hint or ""),
            )
            for d in self
        ]
        return notebook.table(("finding", "place", "what is wrong", "line", "hint"), rows)


def _excerpt(place: Position, limit: int = 100) -> list[str]:
    """The source line and a caret line under it; a long line is shown around the caret only."""
    source = place.source.replace("\t", " ")
    start = max(0, place.column - 1 - limit // 2) if len(source) > limit else 0
    first = place.column - 1
    last, end = min(first + place.width, start + limit), start + limit
    before, meant, after = (printable(source[a:b]) for a, b in ((start, first), (first, last), (last, end)))
    margin = " " * len(str(place.line))
    carets = f"{' ' * len(before)}{'^' * max(1, len(meant))}"
    return [f"  {place.line} | {before}{meant}{after}", f"  {margin} | {carets}"]


class SpecnetError(Exception):
    """Base of all errors that specnet raises on purpose."""

    exit_code = 2

    def reword(self, words: Callable[[str], str]) -> None:
        """Say the same in other words; `words` gives them for a piece of text."""
        self.args = tuple(words(part) if isinstance(part, str) else part for part in self.args)


class SpecError(SpecnetError):
    """A spec that cannot be used. `diagnostics` holds every finding, ordered by position."""

    exit_code = 1

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = Findings(in_order(diagnostics))
        super().__init__(str(self.diagnostics))

    def reword(self, words: Callable[[str], str]) -> None:
        self.diagnostics = self.diagnostics.reworded(words)
        self.args = (str(self.diagnostics),)


class UsageError(SpecnetError):
    """The request cannot be carried out as asked; `hint` names the next thing to try."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = printable(message, keep="\n")
        self.hint = None if hint is None else printable(hint, keep="\n")
        super().__init__(self._text())

    def _text(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  hint: {self.hint}"

    def reword(self, words: Callable[[str], str]) -> None:
        self.message, self.hint = words(self.message), None if self.hint is None else words(self.hint)
        self.args = (self._text(),)


class PluginError(UsageError):
    """A backend, layer kind or dataset is missing, broken, or claimed by two packages."""


class DeviceError(UsageError):
    """A device was asked for that is not there."""


class DataError(UsageError):
    """A dataset is missing, empty or unreadable."""


class RunError(UsageError):
    """A run directory or a checkpoint cannot be used."""


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings ordered by file and position, those without a position last."""

    def place(d: Diagnostic) -> tuple[bool, str, int, int]:
        p = d.position
        return (p is None, p.file, p.line, p.column) if p else (True, "", 0, 0)

    return sorted(diagnostics, key=place)


def nearest(name: str, valid: Sequence[str]) -> list[str]:
    """The valid name that `name` was probably meant to be; empty if none is near."""
    lower = name.lower()
    alike = [word for word in valid if word.lower() == lower]
    return alike[:1] or difflib.get_close_matches(name, valid, n=1, cutoff=0.6)


def mistyped(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that `name` is but for a slip of the fingers: one letter in four at most.

    `nearest` also finds names that merely share a word, such as random_crop for random_rotation.
    """
    most = min(max(1, len(name) // 4), len(name) - 1)
    alike = {word for word in valid if abs(len(word) - len(name)) <= most}
    slips = {word: _slips(name.lower(), word.lower()) for word in sorted(alike)}
    word = min(slips, key=slips.__getitem__, default=None)
    return word if word is not None and slips[word] <= most else None


@lru_cache(10_000)
def _slips(a: str, b: str) -> int:
    """The least number of letters to put in, take out, replace or swap with the next (optimal alignment)."""
    rows = [list(range(len(b) + 1))]
    for i, left in enumerate(a, 1):
        rows.append([i])
        for j, right in enumerate(b, 1):
            cost = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            rows[i].append(cost)
    return rows[-1][-1]


def suggestion(name: object, valid: Iterable[str], *, noun: str = "") -> str:
    """What to say about `name` when only `valid` names exist: the nearest one, then all of them if few."""
    names: Sequence[str] = sorted(set(valid))
    if not names:
        return f"there is no {noun or 'name'} to choose from"
    close = nearest(str(name), names[:2000])
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:24]) + (", ..." if len(names) > 24 else "")
    return f"valid {noun or 'name'}s: {shown}"
