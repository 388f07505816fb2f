"""What networks, groups and layers may be called."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from specnet.schema.fields import shown
from specnet.schema.strict import schema_error

LONGEST = 100
"""Characters of a name."""
NAME_PATTERN = "^[A-Za-z0-9_-]{1,100}$"
LAYER_PATTERN = r"^(?=.{1,100}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"
"""The names for a JSON Schema."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
LAYER_NAME = re.compile(r"(?=.{1,100}\Z)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
"""A name or several with dots between: `stage1.2.conv1` is `conv1` of the block that `stage1.2` uses."""


def _name(value: Any) -> Any:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    hint = "a name is 1 to 100 letters, digits, '_' and '-'"
    raise schema_error("name", f"{shown(value)} is not a name" if value else "a name is missing", hint)


def _layer_name(value: Any) -> Any:
    if isinstance(value, str) and LAYER_NAME.fullmatch(value):
        return value
    hint = "a layer's name is 1 to 100 letters, digits, '_' and '-', with single dots between them"
    raise schema_error("name", f"{shown(value)} is not a name" if value else "a name is missing", hint)


Name = Annotated[str, BeforeValidator(_name)]
LayerName = Annotated[str, BeforeValidator(_layer_name)]
