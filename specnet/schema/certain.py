"""Fixes for errors of the schema where it is certain what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from specnet.diagnostics.diagnostic import Fix
from specnet.diagnostics.suggestions import sure
from specnet.syntax.document import Document, Path_
from specnet.syntax.edits import entry_added, entry_removed, quoted, renamed, rewritten
from specnet.syntax.reader import Node

TRUTH = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_NUMERIC = ("int", "float", "pair", "bias")
"""What errors about numbers and sizes begin with."""
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def certain(kind: str, value: Any, context: Mapping[str, Any], path: Path_, origin: Document) -> Fix | None:
    """The fix of an error of this kind about the value at `path`, if there is but one."""
    if path == ("specnet",):
        return _version(kind, value, origin)
    node = origin.node(path)
    if node is None:
        return None
    if kind in ("unknown_key", "unknown_kind", "kind_missing"):
        return _meant(kind, context.get("meant"), path, node, origin)
    if kind == "literal_error" and isinstance(value, str):
        word = sure(value, re.findall(r"'([^']+)'", context["expected"]))
        return renamed(node.position(), value, word) if word else None
    if kind in ("name", "names", "string_type"):
        return _quoted(path, node, origin)
    if isinstance(value, str) and context.get("needless"):
        held = node.position().text.strip("'\"") == value
        return entry_removed(node.key_position(), node.position()) if held else None
    if isinstance(value, str) and context.get("meant"):
        return renamed(node.position(), value, context["meant"])
    plain = unquoted(kind, value)
    return rewritten(node.position(), value, plain) if plain else None


def unquoted(kind: str, value: Any) -> str | None:
    """How a text is written that was to be a number, or true or false."""
    if not isinstance(value, str):
        return None
    if kind == "bool_type":
        return TRUTH.get(value.lower()) or sure(value, ["true", "false"])
    return value if kind.startswith(_NUMERIC) and _NUMBER.fullmatch(value) else None


def _meant(kind: str, meant: str | None, path: Path_, node: Node, origin: Document) -> Fix | None:
    if meant is None:
        return None
    if kind == "kind_missing":
        return rewritten(node.position(), str(node.value), meant)
    if kind == "unknown_kind":
        return renamed(node.position(), str(node.value), meant)
    holder = origin.node(path[:-1])
    if ": " in meant:
        together = node.key_position() if node.value is None else None
        return rewritten(together, str(path[-1]), meant)
    if holder is None or meant in holder.value:
        return None
    return renamed(node.key_position(), str(path[-1]), meant)


def _quoted(path: Path_, node: Node, origin: Document) -> Fix | None:
    """Quotes around what is a number, or true or false, where a name is asked for."""
    items = node.value if isinstance(node.value, list) else [node]
    texts = {item.position().text.strip("'\"") for item in items}
    if path[-1] in ("from", "group") and not texts.issubset(_declared(path[-1], origin)):
        return None
    if path[-1] in ("role", "values"):  # no role and no path is called like that
        return None
    fixes = [quoted(item.position()) for item in items if isinstance(item.value, bool | int | float)]
    edits = [fix.edits for fix in fixes if fix is not None]
    return Fix(node.source.name, sum(edits, ())) if edits and len(edits) == len(fixes) else None


def _declared(key: str | int, origin: Document) -> Iterable[str]:
    """The names that a layer may read, or the groups that it may live on."""
    if key == "from":
        layers = origin.node(("layers",))
        return layers.value if layers is not None and isinstance(layers.value, dict) else ()
    groups = origin.node(("groups",))
    if groups is None:
        return ()
    return {str(item.value) for item in (groups.value if isinstance(groups.value, list) else [groups])}


def _version(kind: str, value: Any, origin: Document) -> Fix | None:
    """The language has one version, so where none is named, or the same in other words, it is that one."""
    node = origin.node(path := ("specnet",))
    if kind == "missing":
        first = next(iter(origin.root.value.values()))
        return entry_added(origin.root.position(), first.key_position(), first.position(), "specnet: 1")
    same = node is not None and (value == "1" or (value == 1 and not isinstance(value, bool)))
    place = origin.locate(path)
    return place.replaced("1") if same and place.text.strip("'\"") in ("1", "1.0") else None
