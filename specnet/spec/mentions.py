"""Where the rest of a spec names uses of blocks: what the loss reads, and what is assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from specnet.recipe.losses import layers_read
from specnet.syntax.reader import Node

MOST_PATHS = 100_000
"""Paths that those under `assumed` may stand for; what comes later stands for one each."""
LONGEST = 4_000
"""Characters of a path that may lead anywhere."""


def with_full_names(training: Node, full: Callable[[str], str]) -> Node:
    """The recipe, its loss with the full names of the layers that it reads."""
    loss = training.value.get("loss") if isinstance(training.value, dict) else None
    if loss is None:
        return training
    keys = {"from", *(key.rpartition(".")[2] for key in layers_read(training.plain()))}

    def named(part: Node, key: str = "") -> Node:
        if isinstance(part.value, dict):
            return part.copy({k: named(child, k) for k, child in part.value.items()}, "")
        if isinstance(part.value, list):
            return part.copy([named(child, key) for child in part.value], "")
        is_name = key in keys and isinstance(part.value, str)
        return part.copy(full(part.value), "") if is_name else part

    return training.copy({**training.value, "loss": named(loss)}, "")


class Mentions:
    """What paths of the file stand for in the expanded document.

    A part of a block stands for that part in every use, a use for all of its layers, and an argument for all
    that it is the value of.
    """

    def __init__(self) -> None:
        self._paths: dict[str, dict[str, None]] = {}
        self._wholes: set[str] = set()
        """Paths of uses, below which nothing stands for anything of theirs but what they give."""

    def add(self, path: str, expanded: str) -> None:
        """A path of the file stands for one of the expanded document, too."""
        self._paths.setdefault(path, {})[expanded] = None

    def add_use(self, full: str, layers: Iterable[str]) -> None:
        """A use of that name stands for those layers."""
        self._wholes.add(f"layers.{full}")
        for name in layers:
            self.add(f"layers.{full}", f"layers.{name}")

    def expanded(self, assumed: Node) -> tuple[Node, list[tuple[Node, list[str]]]]:
        """What is assumed, with paths of the expanded document, and which stand for each."""
        values = assumed.value.get("values") if isinstance(assumed.value, dict) else None
        if values is None:
            return assumed, []
        items = values.value if isinstance(values.value, list) else [values]
        stood, room = list[tuple[Node, list[Any]]](), MOST_PATHS
        for item in items:
            stood.append((item, self._stood_for(item.value, max(1, room))))
            room -= len(stood[-1][1])
        paths = [item.copy(path, "") for item, known in stood for path in known]
        made = values.copy(paths if isinstance(values.value, list) or len(paths) > 1 else paths[0].value, "")
        return assumed.copy({**assumed.value, "values": made}, ""), stood

    def _stood_for(self, path: Any, most: int) -> list[Any]:
        """The first paths that one of the file stands for, or itself, which may lead to something else."""
        if not isinstance(path, str) or len(path) > LONGEST:
            return [path]
        start, rest = path, ""
        while start and start not in self._paths:
            start, _, step = start.rpartition(".")
            rest = f".{step}{rest}"
        if not start or (rest and start in self._wholes):
            return [path]
        return [known + rest for known in islice(self._paths[start], most)]
