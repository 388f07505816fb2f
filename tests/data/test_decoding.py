"""What becomes of every sort of image file, and that nothing a file holds gets past the decoder."""

from __future__ import annotations

import io
import resource
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specnet.data.sources import decoding
from specnet.data.sources.decoding import BadImage, decode_bytes, pillow, read_bytes
from support import image_files


def encoded(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def test_what_can_be_converted_is(tmp_path: Path) -> None:
    pillow()
    for name, (change, color) in image_files.converted(tmp_path).items():
        pixels, changes = decode_bytes(read_bytes(str(tmp_path / name)), 3, 8)
        assert pixels.shape == (3, 8, 8)
        assert change in changes or not change, name
        # JPEG files come back a few levels off.
        assert np.abs(pixels[:, 0, 0].astype(int) - color).max() <= 6, name


def test_what_cannot_be_used_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pillow()
    reasons = image_files.bad(tmp_path)
    image_files.forbid(monkeypatch, "unreadable.png")
    for name, words in reasons.items():
        if name != "around":  # a folder, which the walk finds
            with pytest.raises(BadImage, match=words):
                decode_bytes(read_bytes(str(tmp_path / name)), 3, 8)


@pytest.mark.parametrize("turn", range(2, 9))
def test_every_orientation_is_undone(turn: int) -> None:
    """EXIF 2.3, orientation: what the camera saw at the top left is somewhere else in the file."""
    seen = np.array([[0, 80], [160, 240]], dtype=np.uint8)
    stored = {
        2: seen[:, ::-1],
        3: seen[::-1, ::-1],
        4: seen[::-1],
        5: seen.T,
        6: seen.T[::-1],
        7: seen.T[::-1, ::-1],
        8: seen.T[:, ::-1],
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    data = encoded(Image.fromarray(np.repeat(np.repeat(stored, 8, 0), 8, 1)), exif=exif)
    pixels, changes = decode_bytes(data, 1, 16)
    assert "rotated" in changes
    assert np.array_equal(pixels[0, ::8, ::8], seen)


def test_damaged_exif_does_not_spoil_a_sound_image() -> None:
    data = encoded(Image.new("RGB", (8, 8), image_files.GREEN), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    with warnings.catch_warnings():
        pillow()
        _, changes = decode_bytes(data, 3, 8)
    assert changes == ()


def test_sixteen_bits_keep_their_upper_eight() -> None:
    """In colour as in grey: 0x12FF is 0x12."""
    rows = b"".join(b"\0" + np.full((4, 3), 0x12FF, dtype=">u2").tobytes() for _ in range(4))
    pixels, _ = decode_bytes(image_files.png(4, 4, 16, 2, rows), 3, 4)
    assert np.array_equal(pixels, np.full((3, 4, 4), 0x12))
    levels = np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096 + 255
    pixels, changes = decode_bytes(encoded(Image.fromarray(levels)), 1, 4)
    assert np.array_equal(pixels[0], np.arange(16).reshape(4, 4) * 16)
    assert changes == ("16 bits",)


def test_half_transparent_pixels_lie_on_white() -> None:
    pixels, changes = decode_bytes(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 51))), 3, 4)
    assert np.array_equal(pixels, np.full((3, 4, 4), 204))
    assert changes == ("transparency",)


def test_pixels_without_a_known_range_are_refused() -> None:
    with pytest.raises(BadImage, match="32 bits"):
        decode_bytes(encoded(Image.new("F", (4, 4), 0.5), "TIFF"), 3, 4)


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LARGEST_FILE", 100)
    (tmp_path / "x.png").write_bytes(bytes(101))
    with pytest.raises(BadImage, match="101 bytes, more than 100"):
        read_bytes(str(tmp_path / "x.png"))


def test_every_cut_and_many_flips_end_in_pixels_or_a_reason() -> None:
    pillow()
    random = np.random.RandomState(0)
    noise = Image.fromarray(random.randint(0, 256, (12, 12, 3)).astype(np.uint8))
    for format_ in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        whole = encoded(noise, format_)
        damaged = [whole[:length] for length in range(0, len(whole), max(1, len(whole) // 40))]
        for _ in range(60):
            flipped = bytearray(whole)
            flipped[random.randint(len(whole))] ^= 1 << random.randint(8)
            damaged.append(bytes(flipped))
        refused = 0
        for data in damaged:
            try:
                pixels, _ = decode_bytes(data, 3, 8)
            except BadImage:
                refused += 1
            else:
                assert pixels.shape == (3, 8, 8)
        assert 0 < refused < len(damaged), format_


def test_only_known_formats_are_decoded() -> None:
    """PostScript would be handed to another program."""
    with pytest.raises(BadImage, match="not an image"):
        decode_bytes(encoded(Image.new("RGB", (8, 8)), "EPS"), 3, 8)


@pytest.mark.parametrize(("mark", "order"), [(b"II", "<"), (b"MM", ">")])
@pytest.mark.parametrize("tag", [273, 279, 258])
def test_a_table_of_strips_that_takes_gigabytes_is_refused_unread(mark: bytes, order: str, tag: int) -> None:
    """Ten million numbers of four bytes each become objects of thirty in a decoder's memory."""
    count = 10**7
    entries = [(256, 4, 1, 8), (257, 4, 1, 8), (tag, 4, count, 200)]
    directory = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(entries)) + directory
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadImage, match="tables are larger than an image has"):
        decode_bytes(head.ljust(200, b"\0") + bytes(4 * count), 3, 8)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("place", [2**63, 2**64 - 1])
@pytest.mark.parametrize("head", [b"", struct.pack("<QQ", 16, 0)], ids=["first page", "second page"])
def test_a_page_beyond_all_numbers_is_for_the_decoder_to_refuse(head: bytes, place: int) -> None:
    data = b"II+\0\x08\0\0\0" + head + struct.pack("<Q", place) + bytes(100)
    with pytest.raises(BadImage):
        decode_bytes(data, 3, 8)
