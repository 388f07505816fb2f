"""A message of Caffe: fields by name, each with its place, from a text or from bytes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from specnet.convert.models.draft import Place, UnsayableError
from specnet.diagnostics.diagnostic import Position

MOST_FIELDS = 100_000
"""Of a net, the most that are read; ResNet-152 has some 20,000."""


class Source:
    """The text that messages stand in, for telling where."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._lines = text.split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in self._lines), initial=0))

    def position(self, start: int, width: int = 1) -> Position:
        """The place of a character, counted from 0."""
        line = min(bisect_right(self._starts, start), len(self._lines))
        source = self._lines[line - 1]
        return Position(self.file, line, start - self._starts[line - 1] + 1, width, source)


@dataclass(slots=True)
class Entry:
    """One field: its value, and in a text where that begins and how long it is."""

    value: Any
    start: int = 0
    width: int = 1


@dataclass(slots=True)
class Message:
    """The fields of a message of type `kind`, each as often as it stands there.

    Of one that may stand there once the last holds, and of messages all fields together, as protobuf has it.
    """

    kind: str
    place: Place
    source: Source | None = None
    fields: dict[str, list[Entry]] = field(default_factory=dict)
    unknown: list[tuple[str, int]] = field(default_factory=list)
    """Names or numbers of fields that Caffe does not have, and where they stand."""

    def has(self, name: str) -> bool:
        return name in self.fields

    def one(self, name: str, default: Any = None) -> Any:
        """The field's value, or what Caffe takes where it is not said."""
        entries = self.fields.get(name)
        return entries[-1].value if entries else default

    def many(self, name: str) -> list[Any]:
        return [entry.value for entry in self.fields.get(name, ())]

    def message(self, name: str, kind: str = "") -> Message:
        """The message that a field is; one without fields if it is not there."""
        parts: list[Message] = self.many(name)
        if len(parts) == 1:
            return parts[0]
        joined = Message(kind, parts[0].place if parts else self.place, self.source)
        for part in parts:
            for key, entries in part.fields.items():
                joined.fields.setdefault(key, []).extend(entries)
            joined.unknown += part.unknown
        return joined

    def place_of(self, name: str, index: int = -1) -> Place:
        """Where a field's value stands, if it does, else where the message does."""
        entries = self.fields.get(name)
        if self.source is None or not entries:
            return self.place
        return self.source.position(entries[index].start, entries[index].width)

    def refuse(self, message: str, name: str = "", hint: str | None = None) -> UnsayableError:
        """The finding that a field, or the message, has no meaning here, to be raised."""
        place = self.place_of(name)
        if name and isinstance(place, str):
            message = f"{name}: {message}"
        return UnsayableError(place, message, hint)


def short(number: float) -> float:
    """A number that a float32 was made of, as it was written: 1e-4, not 9.999999747378752e-05."""
    return float(f"{number:.7g}")
