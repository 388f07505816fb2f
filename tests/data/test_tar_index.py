"""Archives are indexed as tarfile reads them, and what is wrong with one is said before memory is taken."""

from __future__ import annotations

import io
import tarfile

import pytest

from specnet.data.sources.tar_index import LARGEST_HEADER, Member, members
from specnet.diagnostics.errors import DataError
from support.imagenet_files import tarred

LONG = "folder/" * 30 + "n01440764_10026.JPEG"


def indexed(data: bytes, start: int = 0, stop: int | None = None) -> list[Member]:
    def read(offset: int, size: int) -> bytes:
        assert size <= LARGEST_HEADER
        return data[offset : offset + size]

    return list(members(read, start, len(data) if stop is None else stop, "a.tar"))


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_lie_where_tarfile_finds_them(format_: int) -> None:
    names = ["a.JPEG", "folder/b.JPEG", "n" * 100]
    if format_ != tarfile.USTAR_FORMAT:
        names += [LONG, "ünïcode.JPEG", "c" * 300]
    files = {name: bytes([i]) * (511 + i) for i, name in enumerate(names)}
    data = tarred(files, format_)
    found = indexed(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [(m.name, m.offset, m.size) for m in found] == [
            (m.name, m.offset_data, m.size) for m in archive.getmembers()
        ]
    for member in found:
        assert data[member.offset : member.offset + member.size] == files[member.name]
        assert member.is_file


def test_an_archive_within_an_archive() -> None:
    outer = tarred({"n01440764.tar": tarred({"x.JPEG": b"pixels"})})
    (member,) = indexed(outer)
    (inner,) = indexed(outer, member.offset, member.offset + member.size)
    assert outer[inner.offset : inner.offset + inner.size] == b"pixels"


def test_links_and_folders_are_no_files() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in (("d", tarfile.DIRTYPE), ("s", tarfile.SYMTYPE), ("f", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, "/etc/passwd", 5000
            archive.addfile(member)
        member = tarfile.TarInfo("../../escape")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    found = indexed(stream.getvalue())
    assert [(m.name.rstrip("/"), m.is_file) for m in found] == [
        ("d", False),
        ("s", False),
        ("f", False),
        ("../../escape", True),
    ]


def test_every_cut_is_noticed() -> None:
    data = tarred({"a": b"x" * 700, "b": b"y"}).rstrip(b"\0")
    for length in range(len(data) + 1):
        with pytest.raises(DataError, match="ends in the middle"):
            indexed(data[:length] if length else b"\0")


@pytest.mark.parametrize("place", [0, 124, 130, 148, 156, 300])
def test_a_damaged_header_is_noticed(place: int) -> None:
    data = bytearray(tarred({"a": b"x" * 700}))
    data[place] ^= 0x15
    with pytest.raises(DataError, match="not a tar archive, or is damaged at byte 0"):
        indexed(bytes(data))


def test_a_compressed_archive_is_named_as_such() -> None:
    import gzip

    with pytest.raises(DataError, match="compressed"):
        indexed(gzip.compress(tarred({"a": bytes(9000)}), compresslevel=0))


def test_a_header_of_headers_is_not_read() -> None:
    """A member called 'extended header' of 10 MB would be read whole by a trusting reader."""
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 10**7
    data = member.tobuf(tarfile.USTAR_FORMAT) + bytes(10**7) + bytes(2048)
    with pytest.raises(DataError, match="a header of 10,000,000 bytes"):
        indexed(data)


def test_a_member_larger_than_the_archive_is_refused() -> None:
    member = tarfile.TarInfo("x")
    member.size = 2**40
    with pytest.raises(DataError, match="ends in the middle"):
        indexed(member.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
