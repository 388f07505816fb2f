"""Patterns of layers' names, as a recipe lists them: `conv*`, `stage?.norm`, `fc6`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from specnet.schema.fields import shown
from specnet.schema.strict import schema_error

SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.*?")
LONGEST = 200
"""Characters of a pattern."""
MOST_STARS = 8
"""Stars in a pattern: each may try every place of a name."""


def fits(pattern: str, name: str) -> bool:
    """Whether a pattern fits a layer's name: `*` stands for any characters, dots too, `?` for any one."""
    return fnmatchcase(name, pattern)


def fitted_by(pattern: str, names: Collection[str]) -> Iterable[str]:
    """Those of the names that a pattern fits, in their order."""
    if is_name(pattern):
        return [pattern] if pattern in names else []
    return (name for name in names if fits(pattern, name))


def fitting(patterns: Iterable[str], names: Collection[str]) -> list[str]:
    """Those of the names that at least one of the patterns fits, in their order."""
    found = {name for pattern in dict.fromkeys(patterns) for name in fitted_by(pattern, names)}
    return [name for name in names if name in found] if found else []


def is_name(pattern: str) -> bool:
    """Whether a pattern fits nothing but a layer of that very name."""
    return not any(sign in pattern for sign in "*?")


def hint_below(name: str, names: Iterable[str]) -> str | None:
    """What to write for all layers of a part of the network where the part alone is named: `stage1.*`."""
    return f"write {name}.* for its layers" if any(other.startswith(f"{name}.") for other in names) else None


def is_pattern(value: object) -> bool:
    """Whether a value is a pattern as a recipe may have it."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        return False
    return SIGNS.issuperset(value) and value.count("*") <= MOST_STARS


def _patterns(value: Any) -> Any:
    written = [value] if isinstance(value, str) else value
    hint = "a layer's name, in which * stands for any characters and ? for one, or a list of them"
    if not isinstance(written, list | tuple) or not all(isinstance(one, str) for one in written):
        raise schema_error("patterns", f"expected names of layers or patterns, got {shown(value)}", hint)
    for index, one in enumerate(written):
        if not is_pattern(one):
            at = {"at": index} if not isinstance(value, str) else {}
            raise schema_error("name", f"{shown(one)} is not a pattern of layers' names", hint, **at)
    return tuple(written)


def _some_patterns(value: Any) -> Any:
    if isinstance(value, list | tuple) and not value:
        raise schema_error("range", "at least one name or pattern is needed", "leave it out for all layers")
    return _patterns(value)


_PATTERN = {"type": "string", "pattern": "^[A-Za-z0-9_.*?-]{1,200}$"}

_SHORT = PlainSerializer(lambda patterns: patterns[0] if len(patterns) == 1 else list(patterns))

PatternList = Annotated[
    tuple[str, ...],
    BeforeValidator(_patterns),
    _SHORT,
    WithJsonSchema({"oneOf": [_PATTERN, {"type": "array", "items": _PATTERN}]}),
]
"""One pattern or a list of them."""

SomePatterns = Annotated[
    tuple[str, ...],
    BeforeValidator(_some_patterns),
    _SHORT,
    WithJsonSchema({"oneOf": [_PATTERN, {"type": "array", "items": _PATTERN, "minItems": 1}]}),
]
"""One pattern, or a list of at least one, where no list at all stands for every layer."""
