"""One of the three specs of a merge: what it says, what that means, and where it means something new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from specnet.diffs.change import Change
from specnet.diffs.comparison import Comparison
from specnet.diffs.normal_form import canonical
from specnet.spec.origins import BLOCK
from specnet.spec.spec import load
from specnet.syntax.document import Document, Path_


@dataclass(frozen=True)
class Side:
    """`written` is what stands in the file, `meant` the same with defaults written out; both have the same
    places. A layer's inputs and groups, and blocks and their uses, are as they are written."""

    document: Document | None
    written: Mapping[str, Any] = field(default_factory=dict)
    meant: Mapping[str, Any] = field(default_factory=dict)
    changed: frozenset[Path_] = frozenset()
    """Paths at which it means something else than the base; None of it is only written otherwise."""

    @classmethod
    def of(cls, document: Document | None, changed: Iterable[Path_] = ()) -> Side:
        if document is None:
            return cls(None)
        written = document.data()
        return cls(document, written, meant(document, written), frozenset(changed))

    def means_otherwise(self, path: Path_) -> bool:
        """Whether something is another thing here than in the base, not the same in other words."""
        if path[0] == "blocks" or self._is_use(path):
            return True
        if any(path[:count] in self.changed for count in range(1, len(path) + 1)):
            return True
        if path[0] == "layers" and path[2:] == ("group",) and ("groups",) in self.changed:
            return True  # among other groups, what goes without saying is another place
        return path in self._above_changes

    @cached_property
    def _above_changes(self) -> frozenset[Path_]:
        """All paths that lead to a changed one."""
        return frozenset(path[:count] for path in self.changed for count in range(len(path) + 1))

    def _is_use(self, path: Path_) -> bool:
        layer = self.written.get("layers", {}).get(path[1]) if len(path) > 1 and path[0] == "layers" else None
        return isinstance(layer, Mapping) and layer.get("kind") == BLOCK


def meant(document: Document, written: Mapping[str, Any]) -> dict[str, Any]:
    """What a document says with defaults written out. Raises `SpecError` if its schema is not sound."""
    made = canonical(load(document))
    layers = {
        name: _meant_layer(layer, made["layers"].get(name)) for name, layer in written["layers"].items()
    }
    blocks = {"blocks": written["blocks"]} if written.get("blocks") else {}
    return {**made, **blocks, "layers": layers}


def _meant_layer(written: Mapping[str, Any], full: Mapping[str, Any] | None) -> dict[str, Any]:
    own = dict(written if full is None or written.get("kind") == BLOCK else full)
    for key in ("from", "group"):
        own.pop(key, None)
        if written.get(key) is not None:
            own[key] = _single(written[key])
    return own


def _single(names: Any) -> Any:
    return names[0] if isinstance(names, list) and len(names) == 1 else names


def changed_paths(
    found: Comparison, of_base: Mapping[str, str], of_side: Mapping[str, str], new: Iterable[str]
) -> set[Path_]:
    """The paths of a comparison's changes, under the merged names of layers, given those of both specs; of
    layers that have no counterpart, all of them."""
    made: set[Path_] = {("layers", name) for name in new}
    every = [c for change in found.changes for c in (change, *change.along)]
    for change in every:
        if change.op != "rename":
            made.add(_path(change, of_base if change.op == "remove" and not change.field else of_side))
    if found.is_unexplained():
        made.add(("layers",))
    return made


def _path(change: Change, names: Mapping[str, str]) -> Path_:
    if not change.layer:
        return tuple(change.path.split("."))
    own = change.field.split(".") if change.field else ()
    return ("layers", names.get(change.layer, change.layer), *own)
