"""The types of fields: sizes, names and numbers, which take exactly what they name."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from specnet.schema.strict import schema_error

LARGEST = 10**9
"""The largest size, count or kernel, and the largest magnitude of any number, that a spec may name.

float32 holds the product of four of them."""


def shown(value: object, limit: int = 40) -> str:
    """A YAML value in words, for 'expected X, got Y'."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int) and len(str(value)) > limit and str(value).lstrip("+-").isdecimal():
        return f"a number of {len(str(value).lstrip('+-')):,} digits"
    if isinstance(value, str):
        return f"the text '{value[:limit]}{'...' if len(value) > limit else ''}'"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        inner = ", ".join(v[:limit] if isinstance(v, str) else shown(v) for v in value[:6])
        return f"the list [{inner}{', ...' if len(value) > 6 else ''}]"
    return str(value)[:limit]


def is_integer(value: object, least: int = 0) -> bool:
    """Whether a YAML value is an integer from `least` to `LARGEST`."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def is_number(value: object) -> bool:
    """Whether a YAML value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pair(value: Any) -> Any:
    if is_integer(value, 1):
        return (value, value)
    if isinstance(value, list | tuple) and len(value) == 2 and all(is_integer(v, 1) for v in value):
        return tuple(value)
    raise schema_error(
        "pair", f"expected a size of at least 1, or [height, width], got {shown(value)}", "for example 3"
    )


def _names(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise schema_error("names", f"expected a name or a list of names, got {shown(value)}")


def _sizes(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(is_integer(v, 1) for v in value):
        return tuple(value)
    hint = "sizes stand in a list, as in [channels, height, width] or [units]"
    raise schema_error("sizes", f"expected a list of sizes, got {shown(value)}", hint)


def _range(value: Any) -> Any:
    hint = "two numbers, the smaller one first"
    if isinstance(value, list | tuple) and any(isinstance(part, str) and "/" in part for part in value):
        hint = "a fraction is written as a decimal: 0.75 for 3/4"
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(is_number, value)):
        raise schema_error("interval", f"expected [smallest, largest], got {shown(value)}", hint)
    low, high = map(float, value)
    if low > high:
        raise schema_error("range", f"the smallest is larger than the largest in {shown(value)}", hint)
    return low, high


def _per_channel(value: Any) -> Any:
    if is_number(value):
        numbers = [value]
    elif isinstance(value, list | tuple) and value and all(map(is_number, value)):
        numbers = list(value)
    else:
        hint = "for example 127.5, or [123.68, 116.779, 103.939]"
        message = f"expected a number, or a list of one for each channel, got {shown(value)}"
        raise schema_error("numbers", message, hint)
    beyond = [number for number in numbers if abs(number) > LARGEST]
    if beyond:
        raise schema_error("range", f"a number beyond {LARGEST:,} is out of range, got {shown(beyond[0])}")
    return tuple(map(float, value)) if isinstance(value, list | tuple) else float(value)


_SIZE = {"type": "integer", "minimum": 1, "maximum": LARGEST}
_NUMBER = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}


Count = Annotated[int, Field(ge=1, le=LARGEST)]
"""An integer of at least 1."""


Positive = Annotated[float, Field(gt=0, le=LARGEST)]
"""A number above 0."""


NonNegative = Annotated[float, Field(ge=0, le=LARGEST)]
"""A number of at least 0."""


Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
"""Any number."""


def _short(values: tuple[Any, ...]) -> Any:
    """A tuple as one would write it: a single value where all are equal, else a list."""
    return values[0] if len(set(values)) == 1 else list(values)


Pair = Annotated[
    tuple[int, int],
    BeforeValidator(_pair),
    PlainSerializer(_short),
    WithJsonSchema(
        {
            "oneOf": [
                _SIZE,
                {"type": "array", "items": _SIZE, "minItems": 2, "maxItems": 2},
            ]
        }
    ),
]
"""`3` or `[height, width]`."""


NameList = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    PlainSerializer(lambda names: names[0] if len(names) == 1 else list(names)),
    WithJsonSchema(
        {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
]
"""One name or a list of names."""


Sizes = Annotated[
    tuple[int, ...],
    BeforeValidator(_sizes),
    WithJsonSchema({"type": "array", "items": _SIZE, "minItems": 1}),
]
"""A list of sizes of at least 1."""


def two_of(number: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a list of two such numbers."""
    return {"type": "array", "items": number, "minItems": 2, "maxItems": 2}


Range = Annotated[tuple[float, float], BeforeValidator(_range), WithJsonSchema(two_of(_NUMBER))]
"""`[smallest, largest]`."""


def one_or_more_of(number: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of such a number or a list of them."""
    return {"oneOf": [number, {"type": "array", "items": number, "minItems": 1}]}


PerChannel = Annotated[
    float | tuple[float, ...],
    BeforeValidator(_per_channel),
    WithJsonSchema(one_or_more_of(_NUMBER)),
]
"""A number for all channels, or a list of one for each."""
