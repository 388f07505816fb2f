"""A spec file as plain data that remembers where every key and value stands, and YAML written back."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Position
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.diagnostics.suggestions import nearest, suggestion
from specnet.numerics.gc_pause import gc_paused
from specnet.storage import reading
from specnet.syntax.reader import Node, read_nodes
from specnet.syntax.source import Source
from specnet.text import one_line, printable

KEPT = "spec.yaml"
"""The name of the spec in the folder of a run."""
MAX_STEPS = 32
"""Steps of a path: no spec is nested so deeply."""
MAX_BYTES = 16 * 2**20
"""A spec of a hundred thousand layers has some ten million bytes."""

Path_ = tuple[str | int, ...]
"""Keys and list indices that lead from the root to a value."""


@dataclass(frozen=True, eq=False)
class Document:
    """A parsed file: `root` is its top-level mapping. Two are equal if name, text and values are."""

    root: Node

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        return self._written == other._written and self.data() == other.data()

    def __hash__(self) -> int:
        return hash(self._written)

    @property
    def _written(self) -> tuple[str, str]:
        return self.root.source.name, self.root.source.text

    @property
    def name(self) -> str:
        return self.root.source.name

    def data(self) -> dict[str, Any]:
        """The file's content as plain dicts, lists and scalars."""
        plain: dict[str, Any] = self.root.plain()
        return plain

    def locate(self, path: Path_, *, key: bool = False) -> Position:
        """Where the value at `path` stands, or its key; a missing step gives the place of what holds it."""
        node = self.root
        for depth, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                return node.key_position() if depth else node.position()
            node = child
        return node.key_position() if key else node.position()

    def node(self, path: Path_) -> Node | None:
        """The node at a path, if it is there."""
        node: Node | None = self.root
        for step in path:
            node = _child(node, step) if node is not None else None
        return node

    def steps(self, path: str, start: Node | None = None) -> list[str]:
        """The keys that a dotted path from the root or another node names.

        A key with dots in it, a layer's name say, is one of them.
        """
        steps = path.split(".")
        node = start or self.root
        made: list[str] = []
        while steps:
            known = node.value if isinstance(node.value, dict) else {}
            wholes = (count for count in range(len(steps), 0, -1) if ".".join(steps[:count]) in known)
            count = next(wholes, 1)
            made.append(".".join(steps[:count]))
            steps = steps[count:]
            node = _child(node, made[-1]) or _NOTHING
        return made

    def override(self, assignment: str) -> None:
        """Apply `layers.conv1.filters=64`. The value is YAML; every step but the last must exist.

        Raises `UsageError` for a malformed assignment or an unknown path, with the nearest name.
        """
        path, equals, text = assignment.partition("=")
        if not equals or not path.strip():
            raise UsageError(
                f"--set {assignment}: expected PATH=VALUE", "for example --set training.epochs=5"
            )
        if path.count(".") > MAX_STEPS:
            raise UsageError(f"--set {path[:40]}...: a path has at most {MAX_STEPS} steps")
        value = read_nodes(Source(f"--set {path}", text))
        *parents, last = self.steps(path.strip())
        node = self.root
        for depth, step in enumerate(parents):
            child = _child(node, step)
            if child is None:
                raise _unknown_step(node, step, ".".join(parents[:depth]), [*parents[depth:], last], text)
            node = child
        if isinstance(node.value, dict):
            node.value[last] = value
        elif isinstance(node.value, list) and _index(last) < len(node.value):
            node.value[int(last)] = value
        else:
            raise _unknown_step(node, last, ".".join(parents))


_NOTHING = Node(None, Source("", ""), 1, 1, 1)
"""What is where a path leads nowhere."""


def _index(step: str | int) -> int:
    """The place in a list that a step of a path names; beyond every list if it names none."""
    return int(step) if re.fullmatch("[0-9]{1,9}", str(step)) else sys.maxsize


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node.value, dict):
        child: Node | None = node.value.get(str(step))
        return child
    if isinstance(node.value, list) and _index(step) < len(node.value):
        item: Node = node.value[int(step)]
        return item
    return None


def _unknown_step(
    node: Node, step: str, parent: str, missing: Sequence[str] = (), text: str = ""
) -> UsageError:
    """What to say where a step leads nowhere. `missing` are the steps from there on, and `text` the value."""
    where = f"'{parent}'" if parent else "the spec"
    if isinstance(node.value, dict):
        hint = suggestion(step, node.value, noun="name")
        if not nearest(step, list(node.value)):
            full = text.strip()
            for name in reversed(missing[1:]):
                full = f"{{{name}: {full}}}"
            path = f"{parent}.{step}" if parent else step
            there = ", ".join(list(node.value)[:24])
            hint = f"to add it, write all of it: --set '{path}={full}'; there are {there}"
        return UsageError(f"--set: {where} has no '{step}'", hint)
    if isinstance(node.value, list):
        return UsageError(
            f"--set: {where} has no item '{step}'", f"items count from 0 to {len(node.value) - 1}"
        )
    return UsageError(f"--set: {where} is a single value and has no '{step}'")


def read(path: str | Path) -> Document:
    """Read a YAML file, or the spec that the folder of a run holds.

    Raises `UsageError` if it cannot be read and `SpecError` if it is not a document.
    """
    return parse(*content(path))


def content(path: str | Path) -> tuple[bytes, str]:
    """What a file holds, or the spec in the folder of a run, and its path. Raises `UsageError`."""
    if not str(path):
        raise UsageError("the path of the spec is empty", "name a file")
    path = Path(path)
    if os.path.isfile(path / KEPT):  # noqa: PTH113  (it takes any path; Path.is_file raises for some)
        path = path / KEPT
    shown = one_line(str(path))
    try:
        raw = reading.read_inherited(path, MAX_BYTES)
    except OSError as error:
        raise UsageError(f"cannot read {shown}: {error.strerror or error}", _nearby(path)) from None
    except reading.Unfit as error:
        if _is_folder(path):
            raise UsageError(f"cannot read {shown}: Is a directory", _nearby(path)) from None
        hint = "a spec is a file of some kilobytes; - reads standard input"
        raise UsageError(f"cannot read {shown}: {error}", hint) from None
    return raw, str(path)


def _nearby(path: Path) -> str | None:
    """The nearest YAML file beside a path that does not exist; what to name instead of a folder."""
    folder = path.parent
    if _is_folder(path):
        above = [str(parent) for parent in path.resolve().parents[:2] if (parent / KEPT).is_file()]
        within = sorted([*map(str, path.glob("*.yaml")), *(str(p.parent) for p in path.glob(f"*/{KEPT}"))])
        named = f", for example {printable((above or within)[0])}" if above or within else ""
        return f"name a spec, or the folder of a run, which holds {KEPT}{named}"
    if os.path.exists(path) or not _is_folder(folder):  # noqa: PTH110  (see `content`)
        return None
    names = [str(p) for pattern in ("*.yaml", "*.yml") for p in folder.glob(pattern)]
    return suggestion(printable(str(path)), map(printable, names), noun="file") if names else None


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  (see `content`)


def of_mapping(data: Mapping[str, Any]) -> Document:
    """A mapping as a document, whose places mean nothing."""
    source = Source("", "")

    def node(value: Any) -> Node:
        if isinstance(value, Mapping):
            value = {key: node(item) for key, item in value.items()}
        elif isinstance(value, list | tuple):
            value = [node(item) for item in value]
        return Node(value, source, 1, 1, 1)

    return Document(node(data))


@gc_paused()
def parse(text: str | bytes, name: str = "<text>") -> Document:
    """Parse YAML text. Raises `SpecError` with every finding of the reading itself."""
    if isinstance(text, bytes):
        text = decoded(text, name)
    if len(text) > MAX_BYTES:
        raise SpecError([rules.TOO_LARGE.at(None, f"the text is larger than {MAX_BYTES // 2**20} MiB")])
    root = read_nodes(Source(name, text))
    if root.value is None:
        raise SpecError(
            [rules.EMPTY_FILE.at(root.position(), "the file is empty", "a spec starts with 'specnet: 1'")]
        )
    if not isinstance(root.value, dict):
        actual = "a list" if isinstance(root.value, list) else "a single value"
        message = f"a spec is a mapping of keys to values, and this is {actual}"
        raise SpecError([rules.NOT_A_MAPPING.at(root.position(), message, "start with 'specnet: 1'")])
    return Document(root)


def decoded(raw: bytes, name: str) -> str:
    """The text that bytes are, without a byte order mark. Raises `SpecError`."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode("utf-8-sig", "replace")
        place = Source(name, good).position_at(len(good))
        finding = rules.BAD_CHARACTER.at(place, "the file is not UTF-8 text", "save it as UTF-8")
        raise SpecError([finding]) from None
