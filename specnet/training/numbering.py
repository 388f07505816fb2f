"""`--run-dir auto`: a new folder for every run, `NAME-1`, `NAME-2`, also where two trainers begin at once."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from specnet import disk

AUTO = "auto"


def next_folder(base: Path) -> Path:
    """`BASE-N` with the first N after all that are there, so that the latest run has the largest."""
    numbers = [0]
    with suppress(OSError):
        for path in base.parent.iterdir():
            found = re.fullmatch(rf"{re.escape(base.name)}-([0-9]{{1,9}})", path.name)
            numbers += [int(found[1])] if found else []
    return base.with_name(f"{base.name}-{max(numbers) + 1}")


def make_next(base: Path) -> list[Path]:
    """Make it, with its parents where they are missing. Returns the folders made, the numbered one last.

    Making a folder fails if it is there, so of two that choose a number at once, one takes the next.
    """
    made = disk.make_folders(base.parent)
    while True:
        folder = next_folder(base)
        try:
            disk.calls.mkdir(folder)
        except FileExistsError:
            continue
        disk.sync_folder(base.parent)
        return [*made, folder]
