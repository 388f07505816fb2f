"""What a file is by its first bytes: an image that is decoded, one that is not, or something else."""

from __future__ import annotations

import re
from pathlib import PurePath

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
"""Of files that are images by their names. What is wrong with one is seen when it is decoded."""

HEAD = 256
"""Bytes that are looked at; comments may stand before the sizes of a PPM."""

_DECODED = re.compile(
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n\x1a\n"
    rb"|GIF8[79]a"
    rb"|BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"  # the sizes that BMP's second header may have
    rb"|RIFF.{4}WEBP"
    rb"|II[\x2a\x2b]\0|MM\0[\x2a\x2b]"  # TIFF
    rb"|P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s",  # PBM, PGM, PPM
    re.DOTALL,
)
RAW = "camera raw"
_OTHERS = (
    (re.compile(rb".{4}ftyp(?:avif|avis|m[is]f1.{0,40}avi[fs])", re.DOTALL), "AVIF"),
    (re.compile(rb".{4}ftyp(?:he[iv][cxms]|m[is]f1)", re.DOTALL), "HEIC"),
    (re.compile(rb".{4}ftypcrx ", re.DOTALL), RAW),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "JPEG XL"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "JPEG 2000"),
    (re.compile(rb"8BPS"), "PSD"),
    (re.compile(rb"v/1\x01"), "OpenEXR"),
    (re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<svg"), "SVG"),
)
_BY_SUFFIX = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
    **dict.fromkeys((".jp2", ".j2k", ".jpx", ".jpf"), "JPEG 2000"),
    # Most of them are TIFF by their first bytes, and a decoder would take the thumbnail for the image.
    **dict.fromkeys((".dng", ".nef", ".nrw", ".cr2", ".cr3", ".arw", ".orf", ".pef", ".rw2", ".raf"), RAW),
    **{".avif": "AVIF", ".jxl": "JPEG XL", ".psd": "PSD", ".exr": "OpenEXR", ".svg": "SVG", ".tga": "TGA"},
}
NOT_AN_IMAGE = "not an image"
_NOT_DECODED = ", which is not decoded"


def is_other_format(reason: str) -> bool:
    """Whether a file was left out although it is an image."""
    return reason.endswith(_NOT_DECODED)


def is_image_by_name(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def why_not(head: bytes, name: str = "") -> str:
    """Why a file that starts so is not decoded, with its name where the bytes say nothing; empty if it is."""
    by_name = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    if by_name != RAW and _DECODED.match(head):
        return ""
    by_content = next((other for pattern, other in _OTHERS if pattern.match(head)), by_name)
    if by_content:
        return f"{by_content}{_NOT_DECODED}"
    return NOT_AN_IMAGE if head else "the file is empty"
