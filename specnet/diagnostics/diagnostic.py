"""Diagnostics: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from specnet.text import html_lines, html_table, one_line, printable

if TYPE_CHECKING:
    from specnet.diagnostics.catalogue import Page

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
    via: str = ""
    """How what stands in a block of a spec has come into the network: the block, and the use of it."""

    @property
    def text(self) -> str:
        """The characters meant."""
        return self.source[self.column - 1 : self.column - 1 + self.width]

    def replaced(self, text: str) -> Fix:
        """The fix that puts a text in their place."""
        return self.edited((self.column, self.column + self.width, text))

    def edited(self, *edits: tuple[int, int, str]) -> Fix:
        """The fix that puts texts in place of pieces of the line, each from one column up to another."""
        return Fix(self.file, tuple(Edit((self.line, a), (self.line, b), text) for a, b, text in edits))


@dataclass(frozen=True, slots=True)
class Edit:
    """One piece of a text and what stands there instead. Both places are (line, column), counted from 1.

    The character at `end` is the first one that stays. A line break in `text` is written as the file's own.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to change in one file so that a finding is gone. The edits do not overlap."""

    file: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """What findings are about: a stable code, a readable name, and how much it matters."""

    code: str
    name: str
    severity: Severity = "error"

    @property
    def family(self) -> str:
        """What the codes of related rules begin with."""
        return self.code[:3]

    @property
    def page(self) -> Page:
        """What the rule means, with a wrong and a right example."""
        from specnet.diagnostics.catalogue import page  # only `explain` reads pages

        return page(self.code)

    def at(
        self, position: Position | None, message: str, hint: str | None = None, fix: Fix | None = None
    ) -> Diagnostic:
        """A finding at a place, or about all of something."""
        return Diagnostic(self, message, position, hint, fix)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: the rule, what is wrong, where, and what to do about it.

    `hint` says it in words; `fix`, where it is certain what was meant, as edits of the file.
    """

    rule: Rule
    message: str
    position: Position | None = None
    hint: str | None = None
    fix: Fix | None = None

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def severity(self) -> Severity:
        return self.rule.severity

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


class Diagnostics(list[Diagnostic]):
    """Diagnostics in order. `str()` is one after another, as on the command line; notebooks show a table."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "no findings"

    @property
    def errors(self) -> list[Diagnostic]:
        """Those that are not warnings."""
        return [d for d in self if d.severity == "error"]

    def reworded(self, words: Callable[[str], str]) -> Diagnostics:
        """The same in other words; `words` gives them for a piece of text."""
        return Diagnostics(
            replace(d, message=words(d.message), hint=None if d.hint is None else words(d.hint)) for d in self
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: a finding in each row, with the line of the file that it is about."""
        if not self:
            return html_lines([str(self)])
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
        return html_table(("finding", "place", "what is wrong", "line", "hint"), rows)


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


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics ordered by file and position, those without a position last."""

    def place(d: Diagnostic) -> tuple[bool, str, int, int]:
        p = d.position
        return (p is None, p.file, p.line, p.column) if p else (True, "", 0, 0)

    return sorted(diagnostics, key=place)
