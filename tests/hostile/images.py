"""Image files for `specnet prepare` that are not what they seem."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile import forms, sound
from hostile.attack import Attack
from hostile.preparing import MADE, PREPARE, sound_images
from support import image_files


def attacks() -> Iterator[Attack]:
    yield from _images()


def _images() -> Iterator[Attack]:
    for word, build in IMAGES.items():

        def make(here: Path, draw: random.Random, build: Callable[[], bytes] = build) -> None:
            sound_images(here, draw)
            (here / "images" / "train" / "cat" / "odd.tif").write_bytes(build())

        yield Attack(f"image/{word}/prepare", PREPARE, make, (0,), writes=MADE)
        yield Attack(f"image/{word}/strict", (*PREPARE, "--strict"), make, (0, 2), writes=MADE)

        def one(here: Path, _: random.Random, build: Callable[[], bytes] = build) -> None:
            sound.run(here)
            (here / "odd.tif").write_bytes(build())

        yield Attack(
            f"image/{word}/predict", ("predict", "run", "odd.tif", "--json"), one, (0, 2), needs="torch"
        )
    for form in forms.ALL:

        def formed(here: Path, draw: random.Random, form: str = form) -> None:
            sound_images(here, draw)
            forms.put(here / "images" / "train" / "cat" / "odd.png", form)

        yield Attack(f"image/is a {form}/prepare", PREPARE, formed, (0, 2), writes=MADE)

        def shown(here: Path, _: random.Random, form: str = form) -> None:
            sound.run(here)
            forms.put(here / "odd.png", form)

        yield Attack(
            f"image/is a {form}/predict",
            ("predict", "run", "odd.png"),
            shown,
            (2,),
            ("odd.png",),
            needs="torch",
        )


def _tiff(entries: list[tuple[int, int, int, int]], more: bytes = b"") -> bytes:
    """A little-endian TIFF with one directory: (tag, type, count, value)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + packed + bytes(4) + more


def _strips(count: int, **changed: int) -> bytes:
    tags = {
        256: 8,
        257: 8,
        258: 8,
        259: 1,
        262: 1,
        277: 1,
        278: 1,
        **{int(k[1:]): v for k, v in changed.items()},
    }
    entries = [(tag, 4, 1, value) for tag, value in tags.items()]
    return _tiff([*entries, (273, 4, count, 200), (279, 4, count, 200)], bytes(10_000))


IMAGES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a bomb": image_files.bomb,
    "huge sides": lambda: image_files.png(2**31 - 1, 2**31 - 1, 8, 2, b""),
    "no sides": lambda: image_files.png(0, 0, 8, 2, b""),
    "64 megapixels": lambda: image_files.png(8192, 8192, 8, 2, bytes(8192 * 200)),
    "64 megapixels deep": lambda: image_files.png(8192, 8192, 16, 6, bytes(8192 * 200)),
    "a packed bomb": lambda: image_files.png(8, 8, 8, 0, bytes(2 * 10**8)),
    "text bomb": lambda: _png_with(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8), 9)),
    "profile bomb": lambda: _png_with(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8), 9)),
    "international text bomb": lambda: _png_with(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(10**8), 9)),
    "many chunks": lambda: _png_with(b"tEXt", b"a\0b", 300_000),
    "exif bomb": lambda: _png_with(b"eXIf", _tiff([(0x8769, 4, 1, 8)])),
    "exif of itself": lambda: _png_with(b"eXIf", _tiff([(34665, 4, 1, 8), (0x8825, 4, 1, 8)])),
    "chunk of 2 GB": lambda: b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31 - 1) + b"IHDR" + bytes(100),
    "strip table of 4 GB": lambda: _strips(2**30),
    "strip table of 1 GB": lambda: _strips(2**28),
    "strip table of 2**32": lambda: _strips(2**32 - 1),
    "strips of nothing": lambda: _strips(0),
    "huge tiff": lambda: _strips(1, t256=2**31, t257=2**31),
    "tiff rows": lambda: _strips(1, t278=2**32 - 1),
    "tiff samples": lambda: _strips(1, t277=65535),
    "tiff bits": lambda: _strips(1, t258=2**31),
    "tiff lzw": lambda: _strips(1, t259=5),
    "tiff jpeg": lambda: _strips(1, t259=7),
    "tiff webp": lambda: _strips(1, t259=50001),
    "many entries": lambda: _tiff([(tag, 4, 1, 1) for tag in range(60_000)]),
    "large entries": lambda: _tiff([(tag, 7, 2**30, 8) for tag in range(256, 320)], bytes(1000)),
    "next of itself": lambda: _strips(1)[:-10_004] + struct.pack("<I", 8) + bytes(10_000),
    "bigtiff": lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + struct.pack("<Q", 2**63) + bytes(100),
    "bigtiff at the end of numbers": lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**64 - 1) + bytes(100),
    "bigtiff whose next page is there": lambda: (
        b"II+\0\x08\0\0\0" + struct.pack("<QQQ", 16, 0, 2**63) + bytes(100)
    ),
    "big-endian bigtiff": lambda: b"MM\0+\0\x08\0\0" + struct.pack(">Q", 2**63) + bytes(100),
    "gif of many frames": lambda: (
        b"GIF89a\x08\0\x08\0\x80\0\0"
        + bytes(6)
        + (b"\x2c" + struct.pack("<HHHH", 0, 0, 8, 8) + b"\0\x02\x02\x44\x01\0") * 200_000
        + b";"
    ),
    "gif of a huge frame": lambda: (
        b"GIF89a\x08\0\x08\0\x80\0\0"
        + bytes(6)
        + b"\x2c"
        + struct.pack("<HHHH", 0, 0, 65535, 65535)
        + b"\0\x02\x02\x44\x01\0;"
    ),
    "gif of comments": lambda: (
        b"GIF89a\x08\0\x08\0\x80\0\0" + bytes(6) + b"\x21\xfe" + (b"\xff" + b"c" * 255) * 100_000 + b"\0;"
    ),
    "ppm of digits": lambda: b"P6\n" + b"9" * 5000 + b" 1\n255\n",
    "ppm huge": lambda: b"P6\n99999 99999\n255\n",
    "ppm of text": lambda: b"P3\n8 8\n255\n" + b"9" * 10_000_000,
    "ppm of comments": lambda: b"P6\n" + b"#" * 20_000_000,
    "bmp huge": lambda: (
        b"BM"
        + struct.pack("<IHHI", 100, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 2**30, 2**30, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    "bmp palette": lambda: (
        b"BM"
        + struct.pack("<IHHI", 100, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 8, 0, 0, 0, 0, 2**31, 0)
    ),
    "jpeg huge": lambda: (
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x22\0\x02\x11\1\x03\x11\1" + bytes(1000)
    ),
    "jpeg of segments": lambda: b"\xff\xd8" + (b"\xff\xe1\xff\xff" + b"Exif\0\0" + bytes(65527)) * 300,
    "webp huge": lambda: (
        b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff" * 6
    ),
    "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(x) run\n",
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "html": lambda: b"<html><script>1</script>",
    "ico": lambda: b"\0\0\1\0\xff\xff" + bytes(10_000),
    "pcx": lambda: b"\x0a\x05\x01\x08" + struct.pack("<HHHH", 0, 0, 65535, 65535) + bytes(10_000),
    "psd": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30000, 30000, 8, 3) + bytes(1000),
    "fits": lambda: b"SIMPLE  =                    T" + b" " * 5000,
}


def _png_with(name: bytes, data: bytes, count: int = 1) -> bytes:
    """A sound PNG with chunks of a kind before its pixels."""
    whole = image_files.png(8, 8, 8, 0, bytes(72))
    chunk = struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return whole[:33] + chunk * count + whole[33:]
