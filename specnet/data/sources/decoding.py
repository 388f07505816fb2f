"""From the bytes of an image file to pixels, and every way in which that can go wrong.

Files are untrusted: only the formats below are tried, an image of too many pixels is refused before memory
for it is taken, and whatever a decoder raises becomes `BadImage` with a reason that a person can act on.
"""

from __future__ import annotations

import errno
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.data.sources.file_kinds import HEAD, NOT_AN_IMAGE, why_not
from specnet.data.sources.tiff import asks_too_much
from specnet.diagnostics.errors import PluginError
from specnet.storage import reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
"""What is decoded, whatever a file is called; other decoders of Pillow start programs or read other files."""

LARGEST_FILE = 2**28
LARGEST_IMAGE = 2**26
"""Bytes in a file and pixels in an image; 64 megapixels as RGB take 256 MiB."""

ORIENTATION = 0x0112  # the EXIF tag
LARGEST_EXIF = 2**20
"""Bytes of EXIF data that are looked into; in a JPEG they have 64 KiB."""


class BadImage(Exception):  # noqa: N818  (what it is, not what raised it)
    """An image that cannot be used; the text is the reason, without the file's name."""


def pillow() -> None:
    """Make sure that Pillow is there, and that its warnings about odd files stay quiet: specnet reports them.

    Raises `PluginError` if it is not installed.
    """
    try:
        import PIL.Image  # noqa: F401
    except ModuleNotFoundError as error:
        message = "reading image files needs the package pillow, which is not installed"
        raise PluginError(message, "pip install 'specnet[data]'") from error
    warnings.filterwarnings("ignore", module=r"PIL\.")


def read_bytes(path: str, offset: int = 0, size: int | None = None) -> bytes:
    """A file, or `size` bytes of it from `offset`. Raises `BadImage` if it cannot be read."""
    try:
        with reading.opened_plain(Path(path)) as (descriptor, length):
            wanted = length - offset if size is None else size
            if wanted > LARGEST_FILE:
                raise BadImage(f"the file has {wanted:,} bytes, more than {LARGEST_FILE:,}")
            data = _read_all(descriptor, offset, wanted)
    except reading.Unfit:
        raise BadImage("not a regular file") from None
    except OSError as error:
        raise BadImage(unreadable(error, path)) from error
    if not data:
        raise BadImage("the file is empty")
    if len(data) < wanted:
        raise BadImage("the file ended while it was read")
    return data


def _read_all(descriptor: int, offset: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size and (part := os.pread(descriptor, size, offset)):
        parts.append(part)
        offset, size = offset + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unreadable(error: OSError, path: str) -> str:
    """Why a file cannot be read, in words."""
    if error.errno == errno.ELOOP:
        return "a link that loops"
    if error.errno == errno.ENOENT:
        return "a link to a file that is not there" if Path(path).is_symlink() else "the file is gone"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def decode_bytes(data: bytes, channels: int, size: int) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """An image file as (channels, size, size), and what had to be converted on the way.

    As in the paper (section 2), the shorter side is scaled to `size` and the centre cut out. An image is
    turned upright by its EXIF orientation; transparent pixels lie on white; of 16 bits the upper 8 stay.
    Raises `BadImage`.
    """
    import io

    import numpy as np
    from PIL import Image, ImageOps, UnidentifiedImageError

    if asks_too_much(data):
        raise BadImage("a TIFF file whose tables are larger than an image has")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > LARGEST_IMAGE:
                raise BadImage(f"{width} x {height} pixels, more than {LARGEST_IMAGE:,} in all")
            opened.load()
            picture, changes = _upright(opened)
            picture, conversions = _in_mode(picture, opened.format, "L" if channels == 1 else "RGB")
        if min(width, height) < size:
            conversions.append("enlarged")
        if picture.size != (size, size):
            picture = ImageOps.fit(picture, (size, size), Image.Resampling.BILINEAR)
    except BadImage:
        raise
    except UnidentifiedImageError:
        raise BadImage(why_not(data[:HEAD]) or NOT_AN_IMAGE) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadImage(f"more than {LARGEST_IMAGE:,} pixels") from None
    except MemoryError:
        raise BadImage("there was not enough memory to decode it") from None
    except Exception as error:  # decoders raise what they like: struct.error, IndexError, zlib.error, ...
        raise BadImage(_in_words(error)) from error
    pixels = np.empty((channels, size, size), dtype=np.uint8)
    for plane, band in zip(pixels, picture.split(), strict=True):
        plane[:] = np.asarray(band)
    return pixels, (*changes, *conversions)


def _in_words(error: Exception) -> str:
    text = " ".join(str(error).split())[:200] or type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "truncated"
    return f"cannot be decoded: {text}"


def _upright(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The image as its EXIF orientation says it is to be seen."""
    from PIL import Image

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        exif = image.info.get("exif") or b""
        large = len(exif) > LARGEST_EXIF or asks_too_much(exif.removeprefix(b"Exif\0\0"))
        turn = None if large else turns.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged EXIF data beside a sound image
        turn = None
    return (image, []) if turn is None else (image.transpose(turn), ["rotated"])


def _in_mode(image: Image.Image, format_: str | None, wanted: str) -> tuple[Image.Image, list[str]]:
    """The image as grey levels (L) or RGB, and what was converted."""
    from PIL import Image

    mode = image.mode
    if mode.startswith("I;16") or (mode == "I" and format_ in ("PNG", "PPM")):
        import numpy as np

        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        changes = ["16 bits", *(["grayscale"] if wanted == "RGB" else [])]
        return (image if wanted == "L" else image.convert(wanted)), changes
    if mode in ("I", "F"):
        raise BadImage("pixels of 32 bits, whose range is not known")
    changes = ["palette"] if mode in ("P", "PA") else []
    if mode in ("1", "L", "LA", "La") and wanted == "RGB":
        changes.append("grayscale")
    elif mode not in ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa"):
        changes.append(mode)
    if image.has_transparency_data:
        changes.append("transparency")
        if mode in ("La", "RGBa"):  # premultiplied; they convert to their plain twins only
            image = image.convert({"La": "LA", "RGBa": "RGBA"}[mode])
        layered = image.convert("RGBA")
        image = Image.new("RGB", layered.size, (255, 255, 255))
        image.paste(layered, mask=layered.getchannel("A"))
    return (image if image.mode == wanted else image.convert(wanted)), changes
