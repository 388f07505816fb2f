"""What lies in a stranger's repository beside its configuration: objects that unpack without end, pipes, and
Python; for every command that reads a revision."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile import forms
from hostile.attack import Attack, Make
from hostile.comparing import driven
from hostile.repositories import CONFIGURED, REMOTES, configured, git, promisor, repository
from support.training_runs import TINY

COMMANDS: dict[str, tuple[str, ...]] = {
    "merge": ("merge", "HEAD:a.yaml", "ours.yaml", "HEAD:a.yaml"),
    "diff": ("diff", "HEAD:a.yaml", "ours.yaml"),
    "variants": ("diff", "ours.yaml", "HEAD:a.yaml", ":a.yaml", "-o", "out.html"),
    "lines": ("expand", "--lines", "HEAD:a.yaml"),
    "driver": driven("a.yaml", "HEAD:a.yaml", "ours.yaml"),
}
WRITES = ("ours.yaml", "out.html")


def attacks() -> Iterator[Attack]:
    for word, command in COMMANDS.items():
        for key, value in CONFIGURED.items():
            make = _with_ours(configured(key, value))
            yield Attack(f"git/{word}/config/{key}", command, make, (0,), writes=WRITES)
        for name, url in REMOTES.items():
            codes = (0,) if word == "driver" else (2,)
            make = _with_ours(promisor(url))
            yield Attack(f"git/{word}/missing object/{name}", command, make, codes, ("cannot read",))
    for name, bomb in BOMBS.items():
        yield Attack(f"git/bomb/{name}", ("validate", "HEAD:a.yaml"), bomb, (2,), ("HEAD:a.yaml",))
    for part in PARTS:
        for form in FORMS:
            command = ("validate", "HEAD:a.yaml")
            yield Attack(f"git/inside/{part}/{form}", command, _inside(part, form), (0, 2))
    for name, line in CONFIGS.items():
        yield Attack(f"git/configured/{name}", ("diff", "HEAD:a.yaml", "ours.yaml"), _line(line), (0, 2))
    yield from _python()


def _with_ours(make: Make) -> Make:
    def both(here: Path, draw: random.Random) -> None:
        make(here, draw)
        (here / "ours.yaml").write_text(TINY.replace("filters: 4", "filters: 6"))

    return both


def _put(here: Path, kind: bytes, pieces: Callable[[], Iterator[bytes]], size: int, said: int = -1) -> str:
    """A loose object, packed; `said` is the size that it claims to have."""
    head = kind + b" %d\0" % (size if said < 0 else said)
    digest, stream = hashlib.sha1(head), zlib.compressobj(1)
    packed = [stream.compress(head)]
    for piece in pieces():
        digest.update(piece)
        packed.append(stream.compress(piece))
    packed.append(stream.flush())
    name = digest.hexdigest()
    path = here / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(packed))
    return name


PIECE, PIECES = 4_000_000, 350
"""1.4 GB, in some MB on the disk."""


def _object(here: Path, kind: bytes, head: bytes, body: bytes, said: int = -1) -> str:
    piece = body * (PIECE // len(body))

    def pieces() -> Iterator[bytes]:
        yield head
        for _ in range(PIECES):
            yield piece

    return _put(here, kind, pieces, len(head) + PIECES * len(piece), said)


def _head(here: Path, name: str) -> None:
    (here / ".git" / "HEAD").write_text(f"{name}\n")


def _commit(here: Path, folder: str) -> None:
    text = f"tree {folder}\nauthor n <e> 1 +0000\ncommitter n <e> 1 +0000\n\nx\n".encode()
    _head(here, _put(here, b"commit", lambda: iter([text]), len(text)))


def _large_folder(here: Path, draw: random.Random) -> None:
    repository(here, draw)
    _commit(here, _object(here, b"tree", b"", b"100644 " + b"b" * 4000 + b"\0" + bytes(20)))


def _large_commit(here: Path, draw: random.Random) -> None:
    repository(here, draw)
    head = f"tree {'0' * 40}\nauthor n <e> 1 +0000\ncommitter n <e> 1 +0000\n\n".encode()
    _head(here, _object(here, b"commit", head, b"x"))


def _large_tag(here: Path, draw: random.Random) -> None:
    repository(here, draw)
    head = f"object {'0' * 40}\ntype commit\ntag x\ntagger n <e> 1 +0000\n\n".encode()
    name = _object(here, b"tag", head, b"x")
    (here / ".git" / "refs" / "tags" / "HEAD").write_text(f"{name}\n")
    _head(here, name)


def _file(here: Path, said: int) -> None:
    name = _object(here, b"blob", b"", b"# \n", said)
    entry = b"100644 a.yaml\0" + bytes.fromhex(name)
    _commit(here, _put(here, b"tree", lambda: iter([entry]), len(entry)))


def _file_that_lies(here: Path, draw: random.Random) -> None:
    repository(here, draw)
    _file(here, 100)


def _huge_claim(here: Path, draw: random.Random) -> None:
    repository(here, draw)
    entry = b"100644 a.yaml\0" + bytes.fromhex(_put(here, b"blob", lambda: iter([b"a"]), 1, 2**62))
    _commit(here, _put(here, b"tree", lambda: iter([entry]), len(entry)))


def _many_tags(here: Path, draw: random.Random) -> None:
    """Tags of tags."""
    repository(here, draw)
    name = "0" * 40
    for _ in range(3_000):
        text = f"object {name}\ntype tag\ntag x\ntagger n <e> 1 +0000\n\nx\n".encode()
        name = _put(here, b"tag", lambda text=text: iter([text]), len(text))  # type: ignore[misc]
    _head(here, name)


BOMBS: dict[str, Make] = {
    "a large folder": _large_folder,
    "a large commit": _large_commit,
    "a large tag": _large_tag,
    "a file that is longer than it says": _file_that_lies,
    "a file of 2**62 bytes": _huge_claim,
    "tags of tags": _many_tags,
}
PARTS = (
    *("objects/info/alternates", "objects/info/commit-graph", "objects/pack", "info/grafts", "shallow"),
    *(
        "commondir",
        "config.worktree",
        "refs/heads",
        "logs/HEAD",
        "info/attributes",
        "objects/pack/pack-a.idx",
    ),
)
FORMS = ("pipe", "zeros", "link to zeros", "link to itself", "link to a folder", "sparse", "nested")
CONFIGS = {
    "includes a device": "[include]\n\tpath = /dev/zero\n",
    "includes a pipe": "[include]\n\tpath = pipe\n",
    "includes itself": "[include]\n\tpath = config\n",
    "includes a terminal": "[include]\n\tpath = /dev/tty\n",
    "a worktree elsewhere": "[core]\n\tworktree = /\n",
    "a long value": f"[a]\n\tb = {'x' * 5_000_000}\n",
    "many values": "[a]\n" + "\tb = c\n" * 400_000,
    "escapes": "[core]\n\t\x1b[2J = \x1b]0;owned\x07\n",
    "a format of escapes": '[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tx = "\\u001b[2J\x1b[2J"\n',
    "a huge cache": "[core]\n\tdeltaBaseCacheLimit = 900g\n\tpackedGitWindowSize = 900g\n",
    "reftables": "[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\trefStorage = reftable\n",
    "traces": "[trace2]\n\teventTarget = ../../people/thesis.tex\n\tnormalTarget = ../../people/new\n",
}


def _inside(part: str, form: str) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        repository(here, draw)
        path = here / ".git" / part
        path.parent.mkdir(parents=True, exist_ok=True)
        forms.put(path, form)

    return make


def _line(line: str) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        repository(here, draw)
        (here / "ours.yaml").write_text(TINY)
        forms.put(here / ".git" / "pipe", "pipe")
        with (here / ".git" / "config").open("a") as file:
            file.write(line)

    return make


MODULES = ("json", "subprocess", "yaml", "resource", "threading", "specnet", "sitecustomize", "networkx")


def _python() -> Iterator[Attack]:
    """A stranger's Python files where git starts its drivers."""
    for name in MODULES:

        def make(here: Path, draw: random.Random, name: str = name) -> None:
            repository(here)
            (here / "ours.yaml").write_text(TINY)
            git(here, "config", "user.name", "x")
            ran = here.parent / "people" / "RAN"
            (here / f"{name}.py").write_text(f"open({str(ran)!r}, 'w').close()\nraise SystemExit(3)\n")

        for word, command in COMMANDS.items():
            python = ("-P", "-m", "specnet", *command)
            yield Attack(f"git/{word}/beside {name}.py", (), make, (0,), writes=WRITES, python=python)
