"""TensorBoard's event files, written and read without TensorFlow.

A file is a row of records: the length of the data in 8 bytes, the length's masked CRC-32C, the data, the
data's masked CRC-32C, all little-endian (tensorflow/core/lib/io/record_writer.h). The data is one `Event` in
protocol-buffer encoding (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto).

A resumed run begins a new file. Its second event is a session start that carries a step: TensorBoard then
drops what earlier files say about that step and later ones.
"""

from __future__ import annotations

import io
import math
import os
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from specnet.storage import reading
from specnet.storage.folder import Folder

VERSION = b"brain.Event:2"
"""From version 2 on, TensorBoard drops steps at a session start, and not wherever a step seems to go back."""
FLUSH_EVERY = 2.0
"""Seconds after which what has been written reaches the file."""

LARGEST = 2**25
"""Bytes of a file that is still read: some hundred thousand steps, whose checksums take a few seconds."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types of protocol buffers."""


COLOR_TYPE = 25
"""The byte of a PNG file that says its colour type."""
CHANNELS = {0: 1, 4: 2, 2: 3, 6: 4}
"""Grey, grey with transparency, RGB and RGB with transparency: what TensorBoard calls them by PNG's types."""


class EventFile:
    """Appends to a new file in `folder`. Whatever earlier files hold of step `start` and later is void."""

    def __init__(self, folder: Folder, start: int) -> None:
        descriptor = folder.open(_next_name(folder.path), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self._file = os.fdopen(descriptor, "wb")
        self._flushed = time.monotonic()
        self._write(0, _bytes(3, VERSION))
        self._write(start, _bytes(7, _int(1, 1)))
        self._file.flush()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by tag, such as `train/loss`."""
        parts = [_bytes(1, _bytes(1, tag.encode()) + _float(2, value)) for tag, value in values.items()]
        self._write(step, _bytes(5, b"".join(parts)))

    def picture(self, step: int, tag: str, png: bytes, width: int, height: int) -> None:
        """An image, as the bytes of a PNG file."""
        image = _int(1, height) + _int(2, width) + _int(3, CHANNELS[png[COLOR_TYPE]]) + _bytes(4, png)
        self._write(step, _bytes(5, _bytes(1, _bytes(1, tag.encode()) + _bytes(4, image))))

    def close(self) -> None:
        self._file.close()

    def _write(self, step: int, what: bytes) -> None:
        self._file.write(record(_double(1, time.time()) + _int(2, step) + what))
        now = time.monotonic()
        if now - self._flushed > FLUSH_EVERY:
            self._file.flush()
            self._flushed = now


def last_step(folder: Path) -> int | None:
    """The step that a run's event files reach, where the newest is intact.

    None without any file, and where the newest is none, or so large that reading it would take long.
    """
    files = _files(folder)
    try:
        return last_step_of(files[-1]) if files else None
    except (OSError, reading.Unfit):
        return None


def last_step_of(path: Path) -> int:
    """The step that one file reaches, or the one before its start if it tells of none."""
    reached = 0
    for data in records(path):
        step, is_start = _step(data)
        reached = max(reached, step - 1 if is_start else step)
    return reached


def records(path: Path) -> Iterator[bytes]:
    """The data of each record, up to the first that is cut short or damaged."""
    with io.BytesIO(reading.read(path, LARGEST)) as file:
        while len(head := file.read(12)) == 12:
            length, check = struct.unpack("<QI", head)
            if check != masked_crc32c(head[:8]) or length > LARGEST:
                return
            data, check = file.read(length), int.from_bytes(file.read(4), "little")
            if len(data) < length or check != masked_crc32c(data):
                return
            yield data


def record(data: bytes) -> bytes:
    """One record."""
    length = struct.pack("<Q", len(data))
    return b"".join(
        (
            length,
            masked_crc32c(length).to_bytes(4, "little"),
            data,
            masked_crc32c(data).to_bytes(4, "little"),
        )
    )


def masked_crc32c(data: bytes) -> int:
    """CRC-32 with Castagnoli's polynomial, rotated and shifted as TensorFlow's records want it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _table() -> list[int]:
    table: list[int] = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


def _files(folder: Path) -> list[Path]:
    """The event files in the order in which TensorBoard reads them."""
    return sorted(folder.glob("events.out.tfevents.*"))


def _next_name(folder: Path) -> str:
    """A name after all that are there, even if the clock has gone back or stands still."""
    moment = int(time.time())
    for path in _files(folder)[-1:]:
        last = path.name.split(".")[3]
        moment = max(moment, int(last) + 1 if last.isdecimal() else 0)
    return f"events.out.tfevents.{moment:010d}.specnet"


def _varint(number: int) -> bytes:
    parts: list[int] = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _int(field: int, number: int) -> bytes:
    return _varint(field << 3 | VARINT) + _varint(number)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | BYTES) + _varint(len(data)) + data


def _double(field: int, number: float) -> bytes:
    return _varint(field << 3 | FIXED64) + struct.pack("<d", number)


def _float(field: int, number: float) -> bytes:
    try:
        packed = struct.pack("<f", number)
    except OverflowError:  # beyond float32, as a loss in float64 may be
        packed = struct.pack("<f", math.copysign(math.inf, number))
    return _varint(field << 3 | FIXED32) + packed


def _step(event: bytes) -> tuple[int, bool]:
    """An event's step, and whether the event is a session start."""
    step, is_start, at = 0, False, 0
    while at < len(event):
        key, at = _read_varint(event, at)
        field, wire = key >> 3, key & 7
        if wire == VARINT:
            number, at = _read_varint(event, at)
            step = number if field == 2 else step
        elif wire == BYTES:
            length, at = _read_varint(event, at)
            at += length
            is_start = is_start or field == 7
        else:
            at += 8 if wire == FIXED64 else 4
    return step, is_start


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    number = shift = 0
    while at < len(data):
        number |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            break
    return number, at
