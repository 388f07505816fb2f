"""The sections of a layer file, each value with its place, as Python's ConfigParser reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from specnet.convert.models.draft import UnsayableError
from specnet.diagnostics.diagnostic import Position
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

T = TypeVar("T")

LARGEST = 4 * 2**20
"""Bytes of a file; that of AlexNet on two GPUs has 5,000."""
MOST_SECTIONS = 10_000
MOST_VALUES = 1_000
"""In a list."""

_SECTION = re.compile(r"\[([^\]]+)\]\s*(?:[#;].*)?")
_OPTION = re.compile(r"([^\s:=][^:=]*?)\s*[:=]\s*(.*)")
_FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


@dataclass
class Section:
    """The options under one name; their keys are in lower case, as ConfigParser has them."""

    name: str
    place: Position
    options: dict[str, tuple[str, Position]] = field(default_factory=dict)

    def has(self, key: str) -> bool:
        return key.lower() in self.options

    def refuse(self, message: str, key: str = "", hint: str | None = None) -> UnsayableError:
        """The finding that an option, or the layer, has no meaning here, to be raised."""
        _, place = self.options.get(key.lower(), ("", self.place))
        return UnsayableError(place, message, hint)

    def text(self, key: str, default: str | None = None) -> str:
        """An option's text. Raises `UnsayableError` if it is missing and has no default."""
        if self.has(key):
            return self.options[key.lower()][0]
        if default is None:
            raise self.refuse(f"layer '{one_line(self.name)}' has no {key}")
        return default

    def _as(self, key: str, noun: str, read: Callable[[str], T], default: T | None) -> T:
        if default is not None and not self.has(key):
            return default
        try:
            return read(self.text(key))
        except ValueError:
            raise self.refuse(f"{key} is {noun}", key) from None

    def whole(self, key: str, default: int | None = None) -> int:
        return self._as(key, "a whole number", _whole, default)

    def number(self, key: str, default: float | None = None) -> float:
        return self._as(key, "a number", _number, default)

    def flag(self, key: str, default: bool) -> bool:
        return self._as(key, "0 or 1", _flag, default)

    def wholes(self, key: str, default: list[int] | None = None) -> list[int]:
        return self._as(
            key, "a list of whole numbers", lambda text: [_whole(p) for p in _parts(text)], default
        )

    def numbers(self, key: str, default: list[float] | None = None) -> list[float]:
        return self._as(key, "a list of numbers", lambda text: [_number(p) for p in _parts(text)], default)

    def names(self, key: str, default: list[str] | None = None) -> list[str]:
        return self._as(key, "a list of names", _parts, default)


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",", MOST_VALUES)]
    if len(parts) > MOST_VALUES:
        raise ValueError
    return parts


def _whole(text: str) -> int:
    if not re.fullmatch(r"[-+]?\d{1,12}", text):
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[-+]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eE][-+]?\d{1,3})?", text):
        raise ValueError
    return float(text)


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError
    return _FLAGS[text.lower()]


def parse(data: bytes, name: str) -> dict[str, Section]:
    """The sections of a file in their order. Raises `UsageError` with the place for what is none."""
    if len(data) > LARGEST:
        raise UsageError(f"{one_line(name)} is larger than {LARGEST:,} bytes, too large for a layer file")
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise UsageError(f"{one_line(name)} is no layer file: it is not UTF-8") from None
    sections: dict[str, Section] = {}
    own: Section | None = None
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r")
        text = re.split(r"\s;", line, maxsplit=1)[0].strip()
        if not text or text[0] in "#;":
            continue
        column = len(line) - len(line.lstrip()) + 1
        place = Position(name, number, column, len(text), line)
        section, option = _SECTION.fullmatch(text), _OPTION.fullmatch(text)
        if section is not None:
            own = Section(section[1], place)
            if own.name in sections or len(sections) >= MOST_SECTIONS:
                raise _fault(place, f"the layer '{one_line(own.name)}' stands twice, or there are too many")
            sections[own.name] = own
        elif option is None or own is None:
            raise _fault(place, "a [layer] or an option=value was expected")
        elif "%" in option[2]:
            raise _fault(place, "values that are filled in from others are not read")
        else:
            at = Position(name, number, column + option.start(2), max(1, len(option[2])), line)
            own.options[option[1].lower()] = (option[2], at)
    if not sections:
        raise UsageError(f"{one_line(name)} is no layer file of cuda-convnet", "it has no [layer]")
    return sections


def _fault(place: Position, message: str) -> UsageError:
    return UsageError(f"{one_line(place.file)}:{place.line}:{place.column}: {message}")
