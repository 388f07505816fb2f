"""Values written as YAML."""

from __future__ import annotations

import json
import re
from typing import Any

from specnet.syntax.reader import NAMED

_PLAIN = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_./-]*")


_EXPONENT = re.compile(r"e\+?(-?)0*")


_AMBIGUOUS = {"on", "off", "yes", "no", "y", "n"}


def written(value: Any) -> str:
    """A value as YAML on one line, which `parse` reads back as the same value.

    Words that older YAML readers would take for true or false are quoted, too.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(written(item) for item in value) + "]"
    if isinstance(value, str):
        safe = _PLAIN.fullmatch(value) and value not in NAMED and value.lower() not in _AMBIGUOUS
        return value if safe else json.dumps(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return _EXPONENT.sub(r"e\1", json.dumps(value)) if isinstance(value, float) else json.dumps(value)
