"""How much a protobuf message makes of its bytes, counted before they are parsed.

Two bytes of a file can stand for an object of a hundred, so a file of some megabytes could take all memory.
The walk reads what begins a field and how long it is, and passes over texts and the values of tensors.
"""

from __future__ import annotations

from collections.abc import Mapping

MOST_OBJECTS = 3_000_000
"""Fields and nested messages of a model, the most that are parsed; DenseNet-121 has some 20,000."""
DEEPEST = 20

Nested = Mapping[str, Mapping[int, str]]
"""For each type of message, which of its fields are messages, and of which type.

`packed` is a list of numbers, of which eight bytes are counted as one field, and `small` a message with
whatever in it, of which four bytes are.
"""


class TooMuchError(ValueError):
    """A message of too many fields, or nested too deeply; or bytes that are no message."""


def count(data: bytes, kind: str, nested: Nested) -> int:
    """The objects that parsing a message of type `kind` makes. Raises `TooMuchError`."""
    view = memoryview(data)
    total, waiting = 0, [(kind, 0, len(view), 0)]
    while waiting:
        own, at, end, depth = waiting.pop()
        fields = nested.get(own, {})
        if depth > DEEPEST:
            raise TooMuchError(f"messages nested deeper than {DEEPEST}")
        while at < end:
            key, at = varint(view, at, end)
            size = 0
            match key & 7:
                case 0:
                    _, at = varint(view, at, end)
                case 1:
                    at += 8
                case 2:
                    size, at = varint(view, at, end)
                case 5:
                    at += 4
                case _:
                    raise TooMuchError("bytes that are no message")
            if at + size > end:
                raise TooMuchError("a field that ends behind its message")
            of = fields.get(key >> 3) if size else None
            total += 1 + (size // 8 if of == "packed" else size // 4 if of == "small" else 0)
            if of is not None and of not in ("packed", "small"):
                waiting.append((of, at, at + size, depth + 1))
            at += size
            if total + len(waiting) > MOST_OBJECTS:
                raise TooMuchError(f"more than {MOST_OBJECTS:,} fields")
    return total


def varint(view: memoryview, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    number = 0
    for place in range(10):
        if at >= end:
            raise TooMuchError("a number that ends behind its message")
        byte = view[at]
        at += 1
        number |= (byte & 127) << (7 * place)
        if byte < 128:
            return number, at
    raise TooMuchError("a number of more than ten bytes")
