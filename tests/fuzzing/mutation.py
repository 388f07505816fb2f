"""Changes of bytes and of JSON that parsers have stumbled over before."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

NUMBERS = (
    *(0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 2**15, 2**16 - 1),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1),
)
NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.0, 10**15, 2**63, 10**30, -(10**30), 1e308, 1e-320),
    *(float("inf"), float("-inf"), float("nan"), "", "x", "12"),
    *("\x1b[2J", "\ud800", "\u202e", "../../x", "\0"),
    *("x" * 100_000, [], {}, [[]], [{}], {"": ""}, [None] * 1000, 10**4299, "9" * 5000),
)


def bytes_changed(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One change somewhere, more often near the beginning."""
    if not data:
        return draw.randbytes(draw.randint(0, 100))
    reach = draw.choice((len(data), len(data), min(len(data), 64), min(len(data), 512)))
    place = draw.randrange(reach)
    return draw.choice(_CHANGES)(draw, data, place, others)


def _flip(draw: random.Random, data: bytes, place: int, _: Sequence[bytes]) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << draw.randrange(8)]) + data[place + 1 :]


def _byte(draw: random.Random, data: bytes, place: int, _: Sequence[bytes]) -> bytes:
    new = draw.choice((0, 1, 127, 128, 254, 255, draw.randrange(256)))
    return data[:place] + bytes([new]) + data[place + 1 :]


def _number(draw: random.Random, data: bytes, place: int, _: Sequence[bytes]) -> bytes:
    """A number of 2, 4 or 8 bytes becomes an extreme one, or a little more or less."""
    width = draw.choice((2, 4, 4, 8))
    order: Any = draw.choice(("little", "big"))
    old = int.from_bytes(data[place : place + width], order)
    new = draw.choice((*NUMBERS, old + 1, old - 1, old * 2, len(data), len(data) - place))
    largest: int = 256**width
    return data[:place] + (new % largest).to_bytes(width, order) + data[place + width :]


def _deleted(draw: random.Random, data: bytes, place: int, _: Sequence[bytes]) -> bytes:
    return data[:place] + data[place + draw.choice((1, 2, 4, 8, 100, 512)) :]


def _repeated(draw: random.Random, data: bytes, place: int, _: Sequence[bytes]) -> bytes:
    piece = data[place : place + draw.choice((1, 4, 16, 512))]
    return data[:place] + piece * draw.choice((2, 2, 3, 100)) + data[place:]


def _inserted(draw: random.Random, data: bytes, place: int, _: Sequence[bytes]) -> bytes:
    return data[:place] + draw.randbytes(draw.choice((1, 2, 4, 16, 512))) + data[place:]


def _cut(_: random.Random, data: bytes, place: int, __: Sequence[bytes]) -> bytes:
    return data[:place]


def _spliced(draw: random.Random, data: bytes, place: int, others: Sequence[bytes]) -> bytes:
    other = draw.choice(others)
    return data[:place] + other[draw.randrange(len(other) + 1) :]


def _filled(draw: random.Random, data: bytes, place: int, _: Sequence[bytes]) -> bytes:
    length = draw.choice((4, 16, 100))
    return data[:place] + draw.choice((b"\0", b"\xff", b"[", b"9")) * length + data[place + length :]


_CHANGES: tuple[Callable[[random.Random, bytes, int, Sequence[bytes]], bytes], ...] = (
    *(_flip, _flip, _byte, _number, _number, _number),
    *(_deleted, _repeated, _inserted, _cut, _spliced, _filled),
)


def json_changed(draw: random.Random, value: Any) -> Any:
    """The value with one change: a key gone or renamed, an entry doubled, another type, an extreme number."""
    if isinstance(value, dict) and value and draw.random() < 0.75:
        key = draw.choice(sorted(value))
        changed = dict(value)
        if draw.random() < 0.12:
            del changed[key]
        elif draw.random() < 0.1:
            changed[draw.choice((key + "x", "", "\x1b[2J", key.upper()))] = changed.pop(key)
        else:
            changed[key] = json_changed(draw, value[key])
        return changed
    if isinstance(value, list) and value and draw.random() < 0.75:
        place = draw.randrange(len(value))
        changed_list = list(value)
        if draw.random() < 0.2:
            changed_list[place : place + 1] = [value[place]] * draw.choice(
                (0, 2, 1000) if len(repr(value[place])) < 1000 else (0, 2)
            )
        else:
            changed_list[place] = json_changed(draw, value[place])
        return changed_list
    if isinstance(value, int | float) and abs(value) < 1e100 and draw.random() < 0.4:
        return draw.choice((value + 1, value - 1, -value, value * 2, str(value), float(value), [value]))
    if isinstance(value, str) and len(value) < 1000 and draw.random() < 0.4:
        return draw.choice((value + "x", value[:-1], value * 100, [value], {value: value}, value.upper()))
    return draw.choice((draw.choice(NASTY), [value], {"x": value}))


def json_text(draw: random.Random, value: Any) -> bytes:
    """JSON with one to three changes, now and then of its text as well."""
    for _ in range(draw.choice((1, 1, 2, 3))):
        value = json_changed(draw, value)
    data = json.dumps(value, indent=draw.choice((1, 1, None))).encode()
    if draw.random() < 0.15:
        data = bytes_changed(draw, data, [data])
    if draw.random() < 0.03:
        depth = draw.choice((500, 5000, 100_000))
        data = data.replace(b": ", b": " + b"[" * depth, 1)
    return data
