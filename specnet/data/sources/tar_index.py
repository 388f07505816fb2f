"""Where the members of a tar archive lie, without unpacking anything.

The archive is untrusted: its names are never used as paths, extended headers are read up to a limit, every
member must lie inside the archive, and a header whose checksum is wrong ends the reading with an error.
Understands ustar, GNU and pax archives that are not compressed (POSIX.1-2017, pax; GNU tar manual, appendix).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from specnet.diagnostics.errors import DataError

BLOCK = 512
LARGEST_HEADER = 2**20
"""Bytes of a long name or of extended headers before a member; real ones have some hundred."""

Read = Callable[[int, int], bytes]
"""Bytes of the archive: `read(offset, size)`; fewer at its end."""


class Member(NamedTuple):
    """One entry. `is_file` is False for folders, links, devices and sparse files."""

    name: str
    offset: int
    size: int
    is_file: bool


def members(read: Read, start: int, stop: int, archive: str) -> Iterator[Member]:
    """The members of the archive that lies from `start` to `stop`; `archive` names it in errors.

    Raises `DataError` if it is compressed, damaged or cut short.
    """
    place, long_name, fields = start, "", dict[str, str]()
    while place < stop:
        header = read(place, BLOCK)
        if len(header) < BLOCK or place + BLOCK > stop:
            raise _cut_short(archive)
        if not any(header):
            return
        size = _size(header, archive, place)
        kind = header[156:157]
        data = place + BLOCK
        if kind in b"123456":  # links, devices and folders have no data, whatever size they name
            size = 0
        elif kind not in b"LKxgX":
            size = int(fields.get("size", size))
        if data + size > stop:
            raise _cut_short(archive)
        place = data + -(-size // BLOCK) * BLOCK
        if kind in b"LKxgX":
            if size > LARGEST_HEADER:
                raise DataError(f"{archive} has a header of {size:,} bytes, more than {LARGEST_HEADER:,}")
            if kind == b"L":
                long_name = _text(read(data, size))
            elif kind in b"xX":
                fields = _extended(read(data, size), archive)
            continue
        name = fields.get("path") or long_name or _name(header)
        sparse = any(key.startswith("GNU.sparse") for key in fields)
        yield Member(name, data, size, kind in (b"0", b"\0", b"7") and not sparse and not name.endswith("/"))
        long_name, fields = "", {}
    raise _cut_short(archive)


def _cut_short(archive: str) -> DataError:
    return DataError(
        f"{archive} ends in the middle", "was it downloaded whole? compare its size and checksum"
    )


def _size(header: bytes, archive: str, place: int) -> int:
    """The size that a header names, after its checksum. Raises `DataError` for anything but a tar header."""
    try:
        expected = _number(header[148:156])
        actual = sum(header[:148]) + 8 * 32 + sum(header[156:])
        size = _number(header[124:136])
    except ValueError:
        expected, actual, size = 0, -1, 0
    if expected != actual or size < 0:
        if header[:2] == b"\x1f\x8b":
            hint = "the official archive is not compressed: unpack it with gunzip"
            raise DataError(f"{archive} is compressed", hint)
        message = f"{archive} is not a tar archive, or is damaged at byte {place:,}"
        raise DataError(message, "compare its size and checksum")
    return size


def _number(field: bytes) -> int:
    """Octal digits, or GNU's big-endian number for what needs more of them."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b" \0") or b"0", 8)


def _name(header: bytes) -> str:
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _extended(data: bytes, archive: str) -> dict[str, str]:
    """The records of a pax header: each is `LENGTH KEY=VALUE`, its own length included."""
    fields: dict[str, str] = {}
    while data.strip(b"\0"):
        try:
            length = int(data[: data.index(b" ", 0, 20)])
            key, _, value = data[data.index(b" ") + 1 : length - 1].partition(b"=")
            if not 0 < length <= len(data):
                raise ValueError(length)
            fields[key.decode("ascii")] = value.decode("utf-8", "surrogateescape")
            if key == b"size" and not (value.isdigit() and len(value) < 20):
                raise ValueError(value)
        except ValueError:
            raise DataError(f"{archive} has a damaged extended header") from None
        data = data[length:]
    return fields
