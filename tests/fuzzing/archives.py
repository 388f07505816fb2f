"""Tar archives, the devkit's MATLAB file, and images."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fuzzing.forking import forking
from fuzzing.kind import Kind, check_words
from fuzzing.mutation import bytes_changed
from specnet.data.sources import devkit
from specnet.data.sources.decoding import BadImage, decode_bytes
from specnet.data.sources.tar_index import BLOCK, members
from specnet.diagnostics.errors import DataError
from support import imagenet_files

FIELDS = (
    *((0, 100), (100, 8), (108, 8), (116, 8), (124, 12), (136, 12)),
    *((148, 8), (156, 1), (157, 100), (257, 8), (345, 155)),
)
"""Of a tar header: where each begins and how long it is."""
VALUES = (
    *(b"77777777777\0", b"7" * 12, b"\x80" + bytes(11), b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-1", b"0x10"),
    *(b" ", b"", b"\x1b[2J", b"../../x", b"/etc/passwd", b"\xff\xfe", b"ustar  \0"),
    *(b"L", b"K", b"x", b"g", b"S", b"1", b"2", b"5"),
)


def _tars(_: Path) -> list[bytes]:
    files = {"a.jpg": b"x" * 700, "b" * 200 + ".jpg": b"y" * 10, "c/\u00fc.jpg": b""}
    made = [imagenet_files.tarred(files, form) for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]
    return [*made, imagenet_files.tarred({"a.jpg": bytes(100)}, tarfile.USTAR_FORMAT)]


def _change_tar(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        if draw.random() < 0.2:
            changed = bytearray(bytes_changed(draw, bytes(changed), others))
            continue
        block = draw.randrange(max(1, len(changed) // BLOCK)) * BLOCK
        start, length = draw.choice(FIELDS)
        value = draw.choice((*VALUES, draw.randbytes(length)))[:length]
        changed[block + start : block + start + len(value)] = value
        if draw.random() < 0.9 and len(changed) >= block + BLOCK:
            total = sum(changed[block : block + 148]) + 8 * 32 + sum(changed[block + 156 : block + BLOCK])
            changed[block + 148 : block + 156] = f"{total:06o}\0 ".encode()
    return bytes(changed)


def _read_tar(data: bytes, _: Path) -> str:
    def read(offset: int, size: int) -> bytes:
        assert 0 <= size <= 2**20, "asks for more than a header"
        return data[offset : offset + size]

    try:
        for member in members(read, 0, len(data), "x.tar"):
            assert 0 <= member.offset <= member.offset + member.size <= len(data)
    except DataError as error:
        check_words(error)
        return "refused"
    return "taken"


def _tables(_: Path) -> list[bytes]:
    from scipy.io import savemat

    made = [imagenet_files.meta_mat()]
    stream = io.BytesIO()
    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    table = np.array([(1, "n01440764", "tench", 0), (2, "n01443537", "goldfish", 0)], dtype=fields)
    savemat(stream, {"synsets": table, "more": np.arange(5)})
    return [*made, stream.getvalue()]


def _change_table(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Also inside of what is compressed."""
    kind, size = struct.unpack_from("<II", data, 128)
    if kind == 15 and draw.random() < 0.85:
        inner = zlib.decompress(data[136 : 136 + size])
        for _ in range(draw.choice((1, 1, 2, 5))):
            inner = bytes_changed(draw, inner, [inner])
        packed = zlib.compress(inner)
        return data[:128] + struct.pack("<II", 15, len(packed)) + packed
    for _ in range(draw.choice((1, 1, 2))):
        kept = 128 if draw.random() < 0.8 else 0
        data = data[:kept] + bytes_changed(draw, data[kept:], others)
    return data


def _read_table(data: bytes, _: Path) -> str:
    import scipy.io  # noqa: F401  (once, before the forks)

    forking()
    try:
        ids, words = devkit._from_matlab(data, "x")
        assert all(type(number) is int for number in ids)
        assert set(words) == set(ids.values())
    except DataError as error:
        check_words(error)
        return "refused"
    return "taken"


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


FORMS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("JPEG", {"exif": _turned()}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {}), ("BMP", {})),
    *(
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("PPM", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "jpeg"}),
    ),
    *(("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "tiff_adobe_deflate"})),
)


def _images(_: Path) -> list[bytes]:
    pixels = np.random.RandomState(0).randint(0, 256, (12, 17, 3)).astype(np.uint8)
    picture = Image.fromarray(pixels)
    made = []
    for form, options in FORMS:
        made.append(_saved(picture, form, **options))
    for mode in ("L", "1", "P", "LA", "RGBA", "I;16", "CMYK"):
        form = "TIFF" if mode == "CMYK" else "PNG"
        deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
        made.append(_saved(deep if mode == "I;16" else picture.convert(mode), form))
    frames = [Image.fromarray(pixels // n) for n in (1, 2, 3)]
    several: dict[str, Any] = {"save_all": True, "append_images": frames}
    made += [_saved(picture, form, **several) for form in ("GIF", "WEBP", "TIFF", "PNG")]
    return made


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def _change_image(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    for _ in range(draw.choice((1, 1, 2, 5))):
        data = bytes_changed(draw, data, others)
    return _checksummed(data) if data[:4] == b"\x89PNG" and draw.random() < 0.9 else data


def _checksummed(data: bytes) -> bytes:
    """A PNG file whose chunks have the checksums that they should have, as far as there are chunks."""
    made, place = data[:8], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        chunk = data[place + 4 : place + 8 + length]
        made += data[place : place + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        place += 12 + length
    return made


def _read_image(data: bytes, _: Path) -> str:
    try:
        pixels, _changes = decode_bytes(data, 3, 8)
        assert pixels.shape == (3, 8, 8)
    except BadImage as bad:
        check_words(bad)
        return "refused"
    return "taken"


KINDS = {
    "tar": Kind(_tars, _change_tar, _read_tar),
    "mat": Kind(_tables, _change_table, _read_table, seconds=6),
    "image": Kind(_images, _change_image, _read_image, seconds=10),
}
