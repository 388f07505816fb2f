"""What may bear a name that a file or a folder should have."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

Form = Callable[[Path], None]


def _link(target: str) -> Form:
    return lambda path: path.symlink_to(target)


def _device(major: int, minor: int) -> Form:
    return lambda path: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(major, minor))


def _socket(path: Path) -> None:
    inside, here = socket.socket(socket.AF_UNIX), Path.cwd()
    os.chdir(path.parent)  # the path of a socket has a hundred characters at the most
    inside.bind(path.name)
    os.chdir(here)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("mine")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**42)


def _thesis(path: Path, levels: int = 8) -> Path:
    """What is beside `here`, from wherever `path` lies."""
    for parent in list(path.parents)[:levels]:
        if (parent / "people").is_dir():
            return parent / "people"
    raise FileNotFoundError(path)


LINKS: dict[str, Form] = {
    "link to a file": lambda path: path.symlink_to(_thesis(path) / "thesis.tex"),
    "relative link": lambda path: path.symlink_to(os.path.relpath(_thesis(path) / "thesis.tex", path.parent)),
    "link to a folder": lambda path: path.symlink_to(_thesis(path)),
    "link to a new file": lambda path: path.symlink_to(_thesis(path) / "new"),
    "link to a shell start": lambda path: path.symlink_to(_thesis(path).parent / "home" / ".bashrc"),
    "link to nowhere": _link("/nowhere/at/all"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to zeros": _link("/dev/zero"),
    "link to a terminal": _link("/dev/tty"),
}
"""Symbolic links."""

ODD: dict[str, Form] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "zeros": _device(1, 5),
    "null": _device(1, 3),
}
"""Neither files nor folders."""

CONTENT: dict[str, Form] = {
    "folder": _folder,
    "empty": Path.touch,
    "sparse": _sparse,
    "junk": lambda path: void(path.write_bytes(bytes(range(256)) * 64)),
    "nul": lambda path: void(path.write_bytes(bytes(100_000))),
    "nested": lambda path: void(path.write_bytes(b"[" * 200_000)),
    "digits": lambda path: void(path.write_bytes(b'{"step": ' + b"9" * 100_000 + b"}\n")),
    "one line": lambda path: void(path.write_bytes(b"x" * 20_000_000)),
    "escapes": lambda path: void(path.write_bytes(b"\x1b]0;owned\x07\x1b[2J\n" * 20)),
    "hard link": lambda path: path.hardlink_to(_thesis(path) / "thesis.tex"),
}
"""Files and folders with what does not belong there."""

ALL = LINKS | ODD | CONTENT


def void(_: object) -> None:
    return None


def put(path: Path, form: str) -> None:
    """Put that form where a path is, in the place of what is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    ALL[form](path)
