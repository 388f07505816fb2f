"""A spec's text with every error mended where it is certain what was meant.

A fix is a guess until its outcome is known, so each is carried out and the text examined again. It stays if
its finding is gone, there are no more errors than before, and no error that it may have caused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from specnet.diagnostics.diagnostic import Diagnostic, Diagnostics, Edit, Fix
from specnet.diagnostics.errors import SpecError
from specnet.diagnostics.rules import FAMILIES, KEY_NOT_TEXT, READING, VALUES
from specnet.network.network import Network, examine
from specnet.syntax import document
from specnet.syntax.patch import Patch

_LINE = re.compile(r" \(line \d+\)")
MOST_ROUNDS = 30
"""How often what was mended may show more to mend."""
MOST_LOOKS, LEAST_LOOKS, MOST_CHARACTERS = 200, 1, 2**21
"""How often a text is examined, by its size: one fix at a time where all at once do harm. Of more than 2 MiB
nothing is mended."""


@dataclass(frozen=True)
class Mend:
    """One edit that was made, what stood there, and the finding that it mends."""

    finding: Diagnostic
    edit: Edit
    was: str


@dataclass(frozen=True)
class Mended:
    """A text, what is said about it, and what was done to it."""

    text: str
    network: Network | None
    diagnostics: Diagnostics
    done: tuple[Mend, ...] = ()

    @property
    def errors(self) -> int:
        return len(self.diagnostics.errors)


def mend(text: str, name: str) -> Mended:
    """The text of a spec with all fixes that hold, until there is nothing more to do."""
    looks = _Looks(name, max(LEAST_LOOKS, min(MOST_LOOKS, MOST_CHARACTERS // (len(text) + 1))))
    state = looks.at(text)
    seen: set[str] = set()
    while looks.left > 0 and state.text not in seen:
        seen.add(state.text)
        state = _mended(state, looks)
    return state


def _mended(state: Mended, looks: _Looks) -> Mended:
    """The state after fixes that hold each by itself; or after all there are, if that leaves fewer errors.

    A key that is mended may show several errors that it hid, and a crossing that is declared make another one
    needless: where such errors are mended as well, the first fix was right.
    """
    careful = _chain(state, looks, careful=True)
    if _fixes(careful.diagnostics, looks.name):
        bold = _chain(state, looks, careful=False)
        new = _new_errors(state, bold)
        hidden = all(any(_hid(mend.finding, error) for mend in bold.done) for error in new)
        if bold.errors < careful.errors and hidden:
            return bold
    return careful


@dataclass
class _Looks:
    """How often texts may still be examined, and what was said about those that were."""

    name: str
    left: int
    known: dict[str, Mended] = field(default_factory=dict)

    def at(self, text: str, done: tuple[Mend, ...] = ()) -> Mended:
        known = self.known.get(text)
        if known is None:
            self.left -= 1
            known = self.known[text] = Mended(text, *_examined(text, self.name))
        return Mended(text, known.network, known.diagnostics, done)


def _examined(text: str, name: str) -> tuple[Network | None, Diagnostics]:
    try:
        examination = examine(document.parse(text, name))
    except SpecError as error:
        return None, error.diagnostics
    return examination.network, examination.diagnostics


def _chain(state: Mended, looks: _Looks, *, careful: bool) -> Mended:
    """Fixes carried out as long as there are any: all at once, or the first that holds."""
    seen = {state.text}
    for _ in range(MOST_ROUNDS):
        fixable = _fixes(state.diagnostics, looks.name)
        one_by_one = [[finding] for finding in fixable]
        for tried in [fixable, *one_by_one] if len(fixable) > 1 else one_by_one:
            if looks.left <= 0:
                return state
            after = _tried(state, tried, looks)
            if after.text in seen or (careful and not _holds(tried, state, after)):
                continue
            break
        else:
            return state
        state = after
        seen.add(state.text)
    return state


def _fixes(diagnostics: Iterable[Diagnostic], name: str) -> list[Diagnostic]:
    """The findings with a fix of this text."""
    return [d for d in diagnostics if d.fix is not None and d.fix.file == name]


def _tried(state: Mended, findings: Sequence[Diagnostic], looks: _Looks) -> Mended:
    """The state after the fixes of some findings, but for those that would touch the edits of others."""
    patch = Patch(state.text)
    done: list[Mend] = []
    for finding in findings:
        fix: Fix | None = finding.fix
        if fix is not None and patch.accept(fix.edits):
            done += [Mend(finding, edit, patch.was(edit)) for edit in fix.edits]
    return looks.at(patch.result(), (*state.done, *done))


def _holds(tried: Sequence[Diagnostic], before: Mended, after: Mended) -> bool:
    """Whether fixes have done what they are for, and no harm."""
    was, now = _said(before.diagnostics), _said(after.diagnostics)
    done = {mend.finding for mend in after.done[len(before.done) :]}
    gone = all(now[key] < was[key] for key in _said(done))
    new = _new_errors(before, after)
    return gone and after.errors <= before.errors and all(_hid(d, error) for d in tried for error in new)


def _new_errors(before: Mended, after: Mended) -> list[Diagnostic]:
    new = _said(after.diagnostics) - _said(before.diagnostics)
    return [error for error in after.diagnostics.errors if new[_key(error)]]


def _hid(mended: Diagnostic, error: Diagnostic) -> bool:
    """Whether an error was hidden by what was mended, rather than made by mending it.

    What a finding hides is reported by later checks than its own: by families of rules in their order, or
    further down in the text. A text that is not YAML hides all the rest; an edit that leaves it so, or leaves
    an error on its own line, was not right.
    """
    if mended.rule is KEY_NOT_TEXT:
        return False  # a name that nothing reads mends nothing
    stages = list(FAMILIES)
    own, stage = stages.index(mended.rule.family), stages.index(error.rule.family)
    line = error.position.line if error.position else 0
    if mended.rule.family == READING:
        edited = {edit.start[0] for edit in mended.fix.edits} if mended.fix else set()
        return own < stage and line not in edited
    below = mended.position is not None and mended.position.line < line
    return own < stage or (own == stage and below and error.rule.family == VALUES)


def _said(diagnostics: Iterable[Diagnostic]) -> Counter[tuple[str, str]]:
    return Counter(map(_key, diagnostics))


def _key(finding: Diagnostic) -> tuple[str, str]:
    """What a finding says, wherever it and the use of a block that it names stand."""
    return finding.code, _LINE.sub("", finding.message)
