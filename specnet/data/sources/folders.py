"""Folders of image files: what lies in them, what is read of it, and what is not.

Nothing is passed over in silence: a `LeftOut` collects it on the way.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from specnet.data.sources.decoding import unreadable
from specnet.data.sources.file_kinds import HEAD, is_image_by_name, is_other_format, why_not
from specnet.data.sources.no_data import is_not_data
from specnet.storage import reading
from specnet.text import few, plural, printable

BESIDE = "beside the class folders"


@dataclass
class LeftOut:
    """What lies below `root` and was not read: files with the reason, and names that are not data."""

    root: Path
    files: list[tuple[str, str]] = field(default_factory=list)
    not_data: Counter[str] = field(default_factory=Counter)

    def add(self, path: str, reason: str) -> None:
        self.files.append((printable(relative(path, self.root)), reason))

    def left_out(self) -> list[tuple[str, str]]:
        """The files and the reasons, by name."""
        return sorted(self.files)

    def notes(self) -> list[str]:
        """What a person should know, a line for each reason."""
        by_reason: dict[str, list[str]] = {}
        for name, reason in self.left_out():
            by_reason.setdefault(reason, []).append(name)
        lines = [
            f"left out {plural(len(names), 'file')} ({reason}): {few(names)}"
            for reason, names in sorted(by_reason.items())
        ]
        if self.not_data:
            names = few(sorted(map(printable, self.not_data)))
            lines.append(f"passed over {self.not_data.total():,}, as they are not data: {names}")
        return lines


def relative(path: str, root: Path) -> str:
    """A path below `root`, as it was built from it, without it."""
    return path if str(root) == "." else path.removeprefix(f"{str(root).rstrip('/')}/")


def entries(folder: str | Path, left: LeftOut | None = None) -> list[os.DirEntry[str]]:
    """What a folder holds and may be data, by name. Raises `OSError` if it cannot be looked at."""
    with os.scandir(folder) as scan:
        listed = [(entry.name, is_not_data(entry.name), entry) for entry in scan]
    if left is not None:
        left.not_data.update(name for name, passed_over, _ in listed if passed_over)
    return [entry for name, passed_over, entry in sorted(listed, key=itemgetter(0)) if not passed_over]


def folders(folder: Path) -> list[Path]:
    """The folders in a folder, links to folders included; an empty list if it cannot be looked at."""
    try:
        with os.scandir(folder) as scan:
            inside = sorted(entry.name for entry in scan if _is_folder(entry))
    except OSError:
        return []
    return [folder / name for name in inside if not is_not_data(name)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that loops
        return False


def files(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder itself and is not a folder."""
    try:
        return [entry for entry in entries(folder) if not _is_folder(entry)]
    except OSError:
        return []


def has_images(folder: Path) -> bool:
    """Whether images lie in a folder itself, of whatever format. Names are tried first: they cost nothing."""
    try:
        return _here(folder, by_name=True)[0] or _here(folder, by_name=False)[0]
    except OSError:
        return False


def holds_images(folder: Path) -> bool:
    """Whether images lie in a folder or in those below it, or a folder that cannot be looked into."""
    return _below(folder, by_name=True) or _below(folder, by_name=False)


def _below(folder: str | Path, *, by_name: bool) -> bool:
    waiting = [folder]
    while waiting:
        try:
            image_here, inside = _here(waiting.pop(), by_name=by_name)
        except OSError:
            return True
        if image_here:
            return True
        waiting += inside
    return False


def _here(folder: str | Path, *, by_name: bool) -> tuple[bool, list[str]]:
    """Whether an image lies in a folder, and the folders in it as far as they were seen before the image."""
    inside: list[str] = []
    with os.scandir(folder) as scan:
        for entry in scan:
            if is_not_data(entry.name):
                continue
            if _is_folder(entry):
                if not entry.is_symlink():
                    inside.append(entry.path)
            elif is_image_by_name(entry.name) if by_name else is_image(unread(entry.path)):
                return True, inside
    return False, inside


def is_image(reason: str) -> bool:
    """Whether a file is an image, by the reason why it is not read."""
    return reason == "" or is_other_format(reason)


def unread(path: str) -> str:
    """Why a file is not read as an image; empty if it is.

    A suffix of an image is taken at its word, and every other file is looked into.
    """
    if is_image_by_name(path):
        return ""
    try:
        return why_not(reading.read_start(Path(path), HEAD), path)
    except reading.Unfit:
        return "not a regular file"
    except OSError as error:
        return unreadable(error, path)


def image_files(folder: str, left: LeftOut) -> Iterator[tuple[str, str]]:
    """Paths of the images below a folder, and of what cannot be looked at, with the reason.

    Links to folders are not followed, so that nothing is visited twice and the walk ends.
    """
    waiting = [folder]  # no recursion: a stranger's folders may be deeper than Python's stack
    while waiting:
        inside = waiting.pop()
        try:
            listed = entries(inside, left)
        except OSError as error:
            yield inside, unreadable(error, inside)
            continue
        for entry in listed:
            if not entry.is_symlink() and entry.is_dir():
                waiting.append(entry.path)
                continue
            try:
                is_link_to_folder = entry.is_dir()
            except OSError as error:
                yield entry.path, unreadable(error, entry.path)
                continue
            if is_link_to_folder:
                above = os.path.realpath(inside).startswith(os.path.realpath(entry.path).rstrip("/") + "/")
                yield (
                    entry.path,
                    "a link that loops" if above else "a link to a folder, which is not followed",
                )
            elif reason := unread(entry.path):
                left.add(entry.path, reason)
            else:
                yield entry.path, ""


def stray_images(folder: Path, left: LeftOut) -> None:
    """Leave out the images that lie beside class folders."""
    for entry in files(folder):
        reason = unread(entry.path)
        if is_image(reason):
            left.add(entry.path, reason or BESIDE)
