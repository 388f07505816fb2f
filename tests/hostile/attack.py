"""One hostile input."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Needs = Literal["core", "torch", "tensorflow"]
Make = Callable[[Path, random.Random], None]


@dataclass(frozen=True)
class Attack:
    """`make` fills the folder `here`, in which the command is then run.

    Beside it lie `home` and `people`, which are somebody's and have to stay as they are, like everything in
    `here` that none of the patterns in `writes` names. `codes` are the exit codes that are right; each of the
    texts in `says` has to be among what is printed.
    """

    name: str
    command: Sequence[str]
    make: Make
    codes: Sequence[int] = (2,)
    says: Sequence[str] = ()
    writes: Sequence[str] = ()
    needs: Needs = "core"
    stdin: str | bytes | None = None
    """What standard input says, or the path of a file that it is."""
    surroundings: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] | None = None
    """Called in the process before the command."""
    after: Callable[[Path, str], str | None] | None = None
    """What is wrong with the folder and the output when the command has ended; None if nothing is."""
    python: Sequence[str] = ()
    """Arguments of a new Python in the place of the command line in a forked process."""


def names_it(path: str) -> tuple[str, ...]:
    """That a message names a file: its last step is enough."""
    return (Path(path).name,)
