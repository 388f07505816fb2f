"""A disk that keeps only what was flushed: everything that it may hold after a power cut.

A file's content is kept when the file is flushed, a folder's entries when the folder is. What was done since
may be there or not: each change of a folder by itself, in any combination, and of a file nothing, all, the
first half, or as many zeros.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from support.disks import Watched

Entries = dict[str, "File | Folder"]


@dataclass(eq=False)
class File:
    kept: bytes = b""
    now: bytes = b""

    def outcomes(self) -> list[bytes]:
        if self.kept == self.now:
            return [self.kept]
        start = len(self.kept) if self.now.startswith(self.kept) else 0
        half = self.now[: start + (len(self.now) - start) // 2]
        zeros = self.now[:start] + bytes(len(self.now) - start)
        return list(dict.fromkeys([self.kept, self.now, half, zeros]))


@dataclass(frozen=True)
class Change:
    """`target` gets the node, and `source` loses it; an entry that is removed has no target."""

    source: str | None
    target: str | None
    node: File | Folder


@dataclass(eq=False)
class Folder:
    kept: Entries = field(default_factory=dict)
    now: Entries = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def change(self, change: Change) -> None:
        _apply(self.now, change)
        self.pending.append(change)

    def outcomes(self) -> Iterator[Entries]:
        for chosen in product((False, True), repeat=len(self.pending)):
            entries = dict(self.kept)
            for done, change in zip(chosen, self.pending, strict=True):
                if done:
                    _apply(entries, change)
            yield entries


def _apply(entries: Entries, change: Change) -> None:
    if change.source is not None and entries.get(change.source) is not change.node:
        return  # what it was made from never came to be
    if change.source is not None:
        del entries[change.source]
    if change.target is not None:
        entries[change.target] = change.node


class PowerLoss:
    """Follows the calls of a real disk below `root`, which is empty and durable."""

    def __init__(self, root: Path) -> None:
        self.root, self.top = root, Folder()
        self._open: dict[int, File | Folder] = {}
        self.calls = _Followed(self)

    def node(self, path: Path) -> tuple[Folder, str]:
        folder = self.top
        *parents, name = path.relative_to(self.root).parts or (".",)
        for part in parents:
            found = folder.now[part]
            assert isinstance(found, Folder)
            folder = found
        return folder, name

    def outcomes(self) -> Iterator[dict[str, bytes | None]]:
        """Every tree that may be there: paths with the content of files, None for folders."""
        seen = set()
        for tree in _trees(self.top):
            key = tuple(sorted(tree.items(), key=lambda item: item[0]))
            if key not in seen:
                seen.add(key)
                yield tree


def _trees(folder: Folder) -> Iterator[dict[str, bytes | None]]:
    for entries in folder.outcomes():
        options: list[list[dict[str, bytes | None]]] = []
        for name, node in entries.items():
            if isinstance(node, File):
                options.append([{name: content} for content in node.outcomes()])
            else:
                below = list(_trees(node))
                options.append([{name: None, **{f"{name}/{k}": v for k, v in t.items()}} for t in below])
        for chosen in product(*options):
            yield {path: content for part in chosen for path, content in part.items()}


class _Followed(Watched):
    def __init__(self, world: PowerLoss) -> None:
        super().__init__(lambda *_: None)
        self._world = world

    def changed(self) -> None:
        """Something has been done: a moment at which the power may fail."""

    def open(self, path: Path, flags: int, at: int | None = None) -> int:
        descriptor = super().open(path, flags, at)
        folder, name = self._world.node(path)
        node = self._world.top if name == "." else folder.now.get(name)
        if node is None:
            node = File()
            folder.change(Change(None, name, node))
        elif isinstance(node, File) and flags & os.O_TRUNC:
            node.now = b""
        self._world._open[descriptor] = node
        self.changed()
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        count = super().write(descriptor, data)
        node = self._world._open[descriptor]
        assert isinstance(node, File)
        node.now += bytes(data[:count])
        self.changed()
        return count

    def fsync(self, descriptor: int) -> None:
        node: Any = self._world._open[descriptor]
        node.kept = dict(node.now) if isinstance(node, Folder) else node.now
        if isinstance(node, Folder):
            node.pending.clear()
        self.changed()

    def mkdir(self, path: Path, at: int | None = None) -> None:
        super().mkdir(path, at)
        folder, name = self._world.node(path)
        folder.change(Change(None, name, Folder()))
        self.changed()

    def rename(self, source: Path, target: Path, at: int | None = None) -> None:
        super().rename(source, target, at)
        folder, name = self._world.node(source)
        assert source.parent == target.parent
        folder.change(Change(name, target.name, folder.now[name]))
        self.changed()

    def unlink(self, path: Path, at: int | None = None) -> None:
        super().unlink(path, at)
        self._removed(path)

    def rmdir(self, path: Path, at: int | None = None) -> None:
        super().rmdir(path, at)
        self._removed(path)

    def _removed(self, path: Path) -> None:
        folder, name = self._world.node(path)
        folder.change(Change(name, None, folder.now[name]))
        self.changed()
