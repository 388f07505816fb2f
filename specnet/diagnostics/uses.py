"""Findings in blocks, which every use of a block has: told once, with the use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from specnet.diagnostics.diagnostic import Diagnostic, Position, Rule
from specnet.text import plural

Place = tuple[Rule, str, int, int]


def told_once(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings, of which those of one rule at one place in a block are one.

    It is the one of the first use, and names it and how many others there are.
    """
    found = list(diagnostics)
    if not any(d.position is not None and d.position.via for d in found):
        return found
    at: dict[Place, dict[str, Diagnostic]] = {}
    for finding in found:
        if finding.position is not None:
            at.setdefault(_place(finding.rule, finding.position), {}).setdefault(
                finding.position.via, finding
            )
    made: list[Diagnostic] = []
    for finding in found:
        if finding.position is None or not finding.position.via:
            made.append(finding)
            continue
        uses = at[_place(finding.rule, finding.position)]
        if "" not in uses and next(iter(uses.values())) is finding:
            made.append(_with_uses(finding, finding.position, len(uses)))
    return made


def _place(rule: Rule, position: Position) -> Place:
    return rule, position.file, position.line, position.column


def _with_uses(finding: Diagnostic, position: Position, uses: int) -> Diagnostic:
    others = f", and in {plural(uses - 1, 'other use')}" if uses > 1 else ""
    message = f"{finding.message} ({position.via}{others})"
    return replace(finding, message=message, position=replace(position, via=""))
