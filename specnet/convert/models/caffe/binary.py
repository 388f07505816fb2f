"""Protobuf's wire format -> messages. Values of weights stay where they are, in the file's bytes."""

from __future__ import annotations

import struct
from typing import Any

from specnet.convert.models import wire
from specnet.convert.models.caffe.message import MOST_FIELDS, Entry, Message
from specnet.convert.models.caffe.schema import BY_NUMBER, ENUMS, MESSAGES
from specnet.convert.models.draft import Place
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

_NAMED = ("LayerParameter", "V1LayerParameter")


def parse(data: bytes, name: str, kind: str) -> Message:
    """The message of type `kind` in bytes. Raises `UsageError` for what is none."""
    try:
        made = _Parser().message(memoryview(data), 0, len(data), kind, one_line(name), 0)
    except wire.TooMuchError as error:
        hint = "a net in text is called .prototxt"
        raise UsageError(
            f"{one_line(name)} is no file of Caffe's that is read: it has {error}", hint
        ) from None
    if made.unknown or not made.fields:
        raise UsageError(f"{one_line(name)} is no file of Caffe's", "its bytes are no net")
    return made


class _Parser:
    def __init__(self) -> None:
        self.fields = 0

    def message(self, view: memoryview, at: int, end: int, kind: str, place: Place, depth: int) -> Message:
        if depth > wire.DEEPEST:
            raise wire.TooMuchError(f"messages nested deeper than {wire.DEEPEST}")
        made = Message(kind, place)
        known = BY_NUMBER[kind]
        nested: list[tuple[Entry, str, int, int]] = []
        while at < end:
            key, at = wire.varint(view, at, end)
            wire_type, (name, of) = key & 7, known.get(key >> 3, ("", "any"))
            start, number, at = _extent(view, at, end, wire_type)
            self.fields += 1
            if self.fields > MOST_FIELDS:
                raise wire.TooMuchError(f"more than {MOST_FIELDS:,} fields")
            if not name:
                made.unknown.append((f"number {key >> 3}", 0))
            elif of in MESSAGES:
                if wire_type != 2:
                    raise wire.TooMuchError("bytes that are no message")
                entry = Entry(None)
                made.fields.setdefault(name, []).append(entry)
                nested.append((entry, of, start, at))
            elif of != "any":
                values = self._values(view, start, at, of, wire_type, number)
                made.fields.setdefault(name, []).extend(map(Entry, values))
        if kind in _NAMED:
            made.place = f"layer '{one_line(str(made.one('name', '')))}'"
        for entry, of, start, stop in nested:
            entry.value = self.message(view, start, stop, of, made.place, depth + 1)
        return made

    def _values(self, view: memoryview, at: int, end: int, of: str, wire_type: int, number: int) -> list[Any]:
        """The values of a field that is no message: several, where they are packed."""
        if of in ("floats", "doubles"):
            return [view[at:end]]
        if of == "string":
            return [bytes(view[at:end]).decode("utf-8", "replace")]
        if of == "float":
            if (end - at) % 4:
                raise wire.TooMuchError("a number that ends behind its message")
            self.fields += (end - at) // 4
            if self.fields > MOST_FIELDS:
                raise wire.TooMuchError(f"more than {MOST_FIELDS:,} fields")
            return [value for (value,) in struct.iter_unpack("<f", view[at:end])]
        if wire_type == 2:
            numbers: list[int] = []
            while at < end:
                packed, at = wire.varint(view, at, end)
                numbers.append(packed)
                self.fields += 1
                if self.fields > MOST_FIELDS:
                    raise wire.TooMuchError(f"more than {MOST_FIELDS:,} fields")
        else:
            numbers = [number]
        return [_scalar(value, of) for value in numbers]


def _extent(view: memoryview, at: int, end: int, wire_type: int) -> tuple[int, int, int]:
    """Where a field's bytes begin, the number that it is if it is one, and where it ends."""
    number, start = 0, at
    match wire_type:
        case 0:
            number, at = wire.varint(view, at, end)
        case 1:
            at += 8
        case 2:
            size, start = wire.varint(view, at, end)
            at = start + size
        case 5:
            at += 4
        case _:
            raise wire.TooMuchError("bytes that are no message")
    if at > end:
        raise wire.TooMuchError("a field that ends behind its message")
    return start, number, at


def _scalar(number: int, of: str) -> Any:
    if of == "bool":
        return bool(number)
    if of in ENUMS:
        words = ENUMS[of]
        return words[number] if number < len(words) else f"number {number}"
    return number - 2**64 if number >= 2**63 else number
