"""`--run-dir auto`: a new folder for every run, `NAME-1`, `NAME-2`, also where two trainers begin at once."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from specnet.storage import system
from specnet.storage.folder import Folder, make_folders

AUTO = "auto"


def next_folder(base: Path) -> Path:
    """`BASE-N` with the first N after all that are there, so that the latest run has the largest."""
    numbers = [0]
    with suppress(OSError):
        for path in base.parent.iterdir():
            numbered = re.fullmatch(rf"{re.escape(base.name)}-([0-9]{{1,9}})", path.name)
            numbers += [int(numbered[1])] if numbered else []
    return base.with_name(f"{base.name}-{max(numbers) + 1}")


def make_next(base: Path) -> tuple[Folder, list[Path]]:
    """Make it, with its parents where they are missing. Returns it, and the folders made, itself the last.

    Making a folder fails if it is there, so of two that choose a number at once, one takes the next.
    """
    made = make_folders(base.parent)
    with Folder.opened(base.parent, through_link=True) as parent:
        while True:
            path = next_folder(base)
            try:
                system.calls.mkdir(path, parent.descriptor)
            except FileExistsError:
                continue
            parent.sync()
            return parent.folder(path.name), [*made, path]
