"""Image files of every sort that a folder may hold, made by hand where no library would write them."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

GREEN = (20, 200, 30)
SIDE = 8


def good(path: Path, color: tuple[int, int, int] = GREEN, side: int = SIDE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (side, side), color).save(path)


def textured(path: Path, seed: int, width: int = 24, height: int = 16) -> None:
    """Smooth noise, so that no two images are alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.RandomState(seed).randint(0, 256, (4, 5, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path)


def converted(folder: Path) -> dict[str, tuple[str, tuple[int, int, int]]]:
    """Files that can be used after all: what each counts as, and the colour of its upper left corner."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("CMYK", (SIDE, SIDE), (255, 0, 255, 0)).save(folder / "cmyk.jpg", quality=100)
    Image.new("L", (SIDE, SIDE), 70).save(folder / "gray.png")
    Image.fromarray(np.full((SIDE, SIDE), 0xC8FF, dtype=np.uint16)).save(folder / "sixteen.png")
    palette = Image.new("P", (SIDE, SIDE), 1)
    palette.putpalette([0, 0, 0, *GREEN, 9, 9, 9])
    palette.save(folder / "palette.png")
    palette.save(folder / "transparent.png", transparency=1)
    Image.new("RGB", (SIDE, SIDE), GREEN).save(folder / "really_a_png.JPEG", "PNG")
    upright = Image.new("RGB", (SIDE, SIDE), (0, 0, 0))
    upright.paste(GREEN, (SIDE // 2, 0, SIDE, SIDE))  # the right half is green
    exif = Image.Exif()
    exif[0x0112] = 3  # half a turn: the green half is to be seen on the left
    upright.save(folder / "rotated.jpg", exif=exif, quality=100, subsampling=0)
    Image.new("RGB", (1, 1), GREEN).save(folder / "one_pixel.png")
    return {
        "cmyk.jpg": ("CMYK", (0, 255, 0)),
        "gray.png": ("grayscale", (70, 70, 70)),
        "sixteen.png": ("16 bits", (200, 200, 200)),
        "palette.png": ("palette", GREEN),
        "transparent.png": ("transparency", (255, 255, 255)),
        "really_a_png.JPEG": ("", GREEN),
        "rotated.jpg": ("rotated", GREEN),
        "one_pixel.png": ("enlarged", GREEN),
    }


def bad(folder: Path) -> dict[str, str]:
    """Files that cannot be used, and a word of the reason for each. `unreadable.png` is sound: a test has to
    `forbid` it, because permissions do not stop the superuser."""
    folder.mkdir(parents=True, exist_ok=True)
    textured(folder / "truncated.jpg", 0, 64, 64)
    whole = (folder / "truncated.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "bomb.png").write_bytes(bomb())
    (folder / "not_an_image.jpg").write_text("<html>404 Not Found</html>")
    good(folder / "unreadable.png")
    (folder / "loop.jpg").symlink_to("loop_too.jpg")
    (folder / "loop_too.jpg").symlink_to("loop.jpg")
    (folder / "around").symlink_to("..")
    (folder / "nowhere.jpg").symlink_to("not_there.jpg")
    os.mkfifo(folder / "pipe.jpg")
    return {
        "truncated.jpg": "truncated",
        "empty.jpg": "the file is empty",
        "bomb.png": "pixels, more than",
        "not_an_image.jpg": "not an image",
        "unreadable.png": "cannot be read: permission denied",
        "loop.jpg": "a link that loops",
        "loop_too.jpg": "a link that loops",
        "around": "a link that loops",
        "nowhere.jpg": "a link to a file that is not there",
        "pipe.jpg": "not a regular file",
    }


def png(width: int, height: int, depth: int, color_type: int, rows: bytes) -> bytes:
    """A PNG file from its parts (PNG specification, section 5)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bomb() -> bytes:
    """A hundred kilobytes that claim to be 10,000 x 10,000 pixels."""
    return png(10_000, 10_000, 8, 0, bytes(1000))


def forbid(monkeypatch: pytest.MonkeyPatch, name: str, number: int = errno.EACCES) -> None:
    """Make files of that name impossible to open, for the superuser too."""
    real = os.open

    def refusing(path: str, flags: int, mode: int = 0o777, **more: int | None) -> int:
        if str(path).endswith(name):
            raise OSError(number, os.strerror(number), path)
        return real(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", refusing)
