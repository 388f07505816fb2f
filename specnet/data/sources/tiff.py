"""What the directories of a TIFF file ask a reader to hold, without holding it.

A few bytes can name a table of strips as long as the file, which becomes thirty times as much in memory. EXIF
data of any image is such a file, too (TIFF 6.0, section 2; BigTIFF: aware systems' design).
"""

from __future__ import annotations

import struct

MOST = 2**16
"""Numbers in one entry. An image of 2^26 pixels with a strip for each of its rows has some 2^13."""
NUMBERS = {3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 16, 17, 18}
"""The types of entries that are numbers, and not bytes or text."""
MOST_DIRECTORIES = 32
"""Pages that are looked at; the first one is decoded."""


def asks_too_much(data: bytes) -> bool:
    """Whether an entry of a TIFF file, on one of its first pages, holds more numbers than an image has."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return False
    try:
        big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
        place = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)[0]
        for _ in range(MOST_DIRECTORIES):
            if not place:
                return False
            (count,) = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, place)
            place += 8 if big else 2
            if count > MOST:
                return True
            for _ in range(count):
                kind, numbers = struct.unpack_from(f"{order}{'HQ' if big else 'HI'}", data, place + 2)
                if kind in NUMBERS and numbers > MOST:
                    return True
                place += 20 if big else 12
            (place,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, place)
        return False
    except (struct.error, OverflowError):  # it ends before what it points to: for the decoder to say
        return False
