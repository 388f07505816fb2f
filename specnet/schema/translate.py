"""Pydantic's errors as findings: with a code, a place, and words for the person who edits the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Rule
from specnet.diagnostics.suggestions import suggestion
from specnet.plugins import load, names
from specnet.schema.certain import certain, unquoted
from specnet.schema.fields import shown
from specnet.syntax.document import Document, Path_
from specnet.syntax.reader import Node

RULES: dict[str, Rule] = {
    "unknown_key": rules.UNKNOWN_KEY,
    "missing": rules.MISSING_KEY,
    "unknown_kind": rules.UNKNOWN_KIND,
    "kind_missing": rules.UNKNOWN_KIND,
    "kind_absent": rules.UNKNOWN_KIND,
    "kind_empty": rules.UNKNOWN_KIND,
    "name": rules.BAD_NAME,
    "literal_error": rules.UNKNOWN_WORD,
    "plugin": rules.BROKEN_PLUGIN,
    "duplicate": rules.DUPLICATE_GROUP,
}
RANGE_ERRORS = {
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "finite_number",
    "odd",
    "too_short",
    "too_many",
    "range",
}
EMPTY = "remove the key or give it one"
EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def findings(error: ValidationError, origin: Document | None) -> list[Diagnostic]:
    """What is wrong with a document: pydantic's errors, and keys without a value."""
    diagnostics = translated(error, origin)
    placed = {diagnostic.position for diagnostic in diagnostics}
    more = empty_keys(origin.root) if origin else []
    return [*diagnostics, *(diagnostic for diagnostic in more if diagnostic.position not in placed)]


def translated(error: ValidationError, origin: Document | None, within: Path_ = ()) -> list[Diagnostic]:
    """Pydantic's errors as diagnostics with positions, in words for the person who edits the file.

    `within` is where the part of the document stands that was validated.
    """
    return [
        _finding({**e, "loc": (*within, *e["loc"])}, origin)
        for e in error.errors(include_url=False)
        if e["type"] != "default_factory_not_called"  # it merely follows from another
    ]


def empty_keys(root: Node) -> list[Diagnostic]:
    """A finding for each key without a value, also where the key may be left out."""
    empty = _without_value(root)
    return [rules.WRONG_TYPE.at(node.key_position(), f"'{key}' has no value", EMPTY) for key, node in empty]


def _without_value(node: Node) -> Iterator[tuple[str, Node]]:
    named = isinstance(node.value, dict)
    for key, inner in node.value.items() if named else enumerate(node.value):
        if isinstance(inner.value, dict | list):
            yield from _without_value(inner)
        elif named and inner.value is None:
            yield str(key), inner


def _finding(error: dict[str, Any], origin: Document | None) -> Diagnostic:
    kind, context = error["type"], error.get("ctx", {})
    path: Path_ = tuple(step for step in error["loc"] if step != "[key]")
    if "at" in context:
        at = context["at"]
        path = (*path, *at) if isinstance(at, tuple) else (*path, at)
    empty = kind != "unknown_key" and error["input"] is None and isinstance(path[-1], str)
    of_key = kind in ("unknown_key", "missing", "kind_absent", "kind_empty") or context.get("of_key")
    at_key = empty or of_key or error["loc"][-1:] == ("[key]",)
    place = origin.locate(path[:-1] if kind == "missing" else path, key=at_key) if origin else None
    rule = RULES.get(kind, rules.OUT_OF_RANGE if kind in RANGE_ERRORS else rules.WRONG_TYPE)
    message, hint = _words(kind, error, context, path)
    if empty:
        message, hint = f"'{path[-1]}' has no value", context.get("hint") or EMPTY
    elsewhere = path[:1] == ("data",) and _names_a_path(kind, error["input"], path)
    if elsewhere:
        hint = "; ".join(filter(None, (hint if kind != "unknown_key" else None, _elsewhere(origin))))
    if origin is None or kind in ("missing", "plugin"):
        where = ".".join(str(step) for step in (path[:-1] if kind == "missing" else path))
        message = f"{where}: {message}" if where else message
    fix = certain(kind, error["input"], context, path, origin) if origin and not elsewhere else None
    return rule.at(place, message, hint, fix)


PATHS = {
    "path",
    "root",
    "dir",
    "directory",
    "folder",
    "file",
    "url",
    "location",
    "data_dir",
    "train",
    "train_dir",
}


def _names_a_path(kind: str, value: Any, path: Path_) -> bool:
    """Whether a finding about the dataset is about a path that is written there."""
    if kind == "unknown_key":
        return str(path[-1]).lower() in PATHS
    if kind == "kind_missing":
        return isinstance(value, str) and any(sign in value for sign in "/\\~")
    named = isinstance(value, dict) and any(str(key).lower() in PATHS for key in value)
    return named and kind in ("kind_absent", "kind_empty")


def _elsewhere(origin: Document | None) -> str:
    """Where the path of a dataset is given, in place of the spec."""
    node = origin.root.value.get("data") if origin else None
    named = node.value.get("kind") if node is not None and isinstance(node.value, dict) else None
    kind = named.value if named is not None else None
    if not isinstance(kind, str) or kind not in names("specnet.datasets"):
        kind = "KIND"
    elif not load("specnet.datasets", kind).takes_path:
        return f"remove it: the dataset '{kind}' has no path"
    return f"a spec holds no path; give it on the command line: --data {kind}:PATH"


def _meant(kind: str, value: Any) -> str | None:
    """What a text was probably meant to be: YAML 1.1's truth values, or a number in quotes."""
    if not isinstance(value, str):
        return None
    plain = unquoted(kind, value)
    if plain is None:
        return None
    return f"write {plain}" if kind == "bool_type" else f"write {plain}, without quotes"


def _words(kind: str, error: dict[str, Any], context: dict[str, Any], path: Path_) -> tuple[str, str | None]:
    """Message and hint for one validation error."""
    value = error["input"]
    field = str(path[-1]) if path else "the spec"
    if path and isinstance(path[-1], int):
        field = f"{path[-2]}[{path[-1]}]"
    if kind == "missing":
        hint = "start with 'specnet: 1', the version of the language" if path == ("specnet",) else "add it"
        return f"the key '{field}' is missing", context.get("hint", hint)
    if kind == "literal_error":
        valid = re.findall(r"'([^']+)'", context["expected"]) or [context["expected"]]
        if field == "specnet":
            return f"version {shown(value)} of the language is unknown", "write 'specnet: 1'"
        hint = context.get("hint") or suggestion(value, valid, noun="value")
        return f"{field}: {shown(value)} is not one of {', '.join(valid)}", hint
    if kind in EXPECTED:
        return f"{field}: expected {EXPECTED[kind]}, got {shown(value)}", _meant(kind, value)
    if kind == "too_short":
        return f"{field}: at least one entry is needed", None
    message = str(error["msg"])
    if kind in RANGE_ERRORS - {"odd", "too_many", "range"}:
        message = message.replace("Input should be", f"{field} must be") + f", not {shown(value)}"
    elif kind not in (
        "too_many",
        "unknown_key",
        "unknown_kind",
        "kind_missing",
        "kind_absent",
        "kind_empty",
        "plugin",
        "name",
        "duplicate",
        "input",
    ):
        message = f"{field}: {message}"
    return message, context.get("hint")
