"""What git's external diff driver shows: `git config diff.specnet.command "specnet diff --git"`.

git calls a driver for each file, with its path and with the old and the new one's file, hash and mode, and
stops where one fails; so a spec that cannot be read is told as such. A side that is not there is /dev/null.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from specnet.cli.inputs import read_content
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.network.network import Examination, examine
from specnet.syntax import document
from specnet.tables import build
from specnet.text import plural

OLD, NEW = 1, 4
"""Where git names the two files, after the path; their hashes and modes follow each."""
ARGUMENTS = 7
"""How many there are; a renamed file has two more, an unmerged one its path alone."""


def shown(arguments: Sequence[str], text: Callable[[Examination, Examination], str]) -> str:
    """What became of one file; `text` is the diff of two specs. Raises `UsageError` if git did not ask."""
    path = arguments[0]
    if len(arguments) == 1:
        return f"{path} is not merged"
    if len(arguments) < ARGUMENTS:
        raise UsageError(
            "--git takes what git gives to a driver: a path, and file, hash and mode of both sides",
            'git config diff.specnet.command "specnet diff --git"; two specs are compared without --git',
        )
    try:
        old, new = (_examined(arguments[at], f"{side}/{path}") for at, side in ((OLD, "a"), (NEW, "b")))
        return text(old, new) if old and new else alone(old, new)
    except (SpecError, UsageError) as error:
        return "\n".join(_complaints(error))


def _examined(file: str, name: str) -> Examination | None:
    """The spec in a file of git's, called as git's own diffs do; None for no file."""
    return None if file == os.devnull else examine(document.parse(read_content(file)[0], name))


def alone(old: Examination | None, new: Examination | None) -> str:
    """A spec that came or went, in a line. Raises `SpecError` for one that is not valid."""
    lines = []
    for sign, side in (("-", old), ("+", new)):
        if side is not None:
            made = build.make(side.valid())
            counts = f"{made.totals.parameters:,} parameters, {made.totals.macs:,} MACs"
            lines.append(f"{sign} {made.name}: {plural(len(made.rows), 'layer')}, {counts}")
    return "\n".join(lines)


def _complaints(error: SpecError | UsageError) -> Iterator[str]:
    if isinstance(error, UsageError):
        yield error.message
    else:
        yield from (str(diagnostic).split("\n", 1)[0] for diagnostic in error.diagnostics)
