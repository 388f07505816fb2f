"""The members of a model's file that is a zip archive, within limits that are looked at first.

Nothing is unpacked to a file: a member is its bytes, and only those that a model is made of are read.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

MAX_LIST = 2**22
"""Bytes of the archive's list of its members."""
MOST_PACKED = 10
"""Times that a member may be larger than what is stored of it; the frameworks do not pack weights at all."""
SIGNATURE = b"PK\x03\x04"
END, LOCATOR, END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
END_SIZE, LOCATOR_SIZE = 22, 20


class Archive:
    """An archive's members by name.

    Raises `UsageError` where it is damaged, or none that a framework makes.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = one_line(name)
        _check_list(data, self.name)
        try:
            self._file = zipfile.ZipFile(io.BytesIO(data))
        except (ValueError, NotImplementedError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise self._damaged(error) from None
        self.members: dict[str, zipfile.ZipInfo] = {}
        for info in self._file.infolist():
            if info.filename in self.members:
                raise UsageError(f"{self.name} has two members called '{one_line(info.filename)}'")
            self.members[info.filename] = info

    def __contains__(self, member: str) -> bool:
        return member in self.members

    def read(self, member: str, limit: int | None = None) -> bytes:
        """A member's bytes: at most `limit` if it is given, else a few times what is stored of them."""
        info = self.members.get(member)
        if info is None:
            raise UsageError(f"{self.name} has no {one_line(member)}, so it is not whole")
        most = info.compress_size * MOST_PACKED if limit is None else limit
        if info.file_size > most:
            raise UsageError(
                f"{self.name}: {one_line(member)} is larger than the {most:,} bytes that are read"
            )
        try:
            with self._file.open(info) as stream:
                read = stream.read(most + 1)
        except (ValueError, NotImplementedError, OSError, EOFError) as error:
            raise self._damaged(error) from None
        except (RuntimeError, zlib.error, zipfile.BadZipFile) as error:  # encrypted; cut; another checksum
            raise self._damaged(error) from None
        if len(read) != info.file_size:
            raise self._damaged(f"{member} has not the size that the archive says")
        return read

    def _damaged(self, error: object) -> UsageError:
        return UsageError(f"{self.name} is damaged: {one_line(str(error))}", "is it whole?")


def _check_list(data: bytes, name: str) -> None:
    """Raise `UsageError` for a list of members that would take much memory (APPNOTE.TXT 4.3.14 and 4.3.16).

    Its size stands in the record at the very end, or, for sizes beyond 4 GiB, in one that the locator before
    it leads to. A comment behind the record would be read in its place, and no framework writes one.
    """
    end = data[-END_SIZE:]
    if end[:4] != END or end[20:] != b"\0\0":
        raise UsageError(f"{name} is damaged: it does not end as a zip archive does", "is it whole?")
    size = int.from_bytes(end[12:16], "little")
    locator = data[-END_SIZE - LOCATOR_SIZE : -END_SIZE]
    if locator[:4] == LOCATOR:
        at = int.from_bytes(locator[8:16], "little")
        record = data[at : at + 56]
        if record[:4] != END64 or at + 56 != len(data) - END_SIZE - LOCATOR_SIZE:
            raise UsageError(f"{name} is damaged: its list of members is not where it says", "is it whole?")
        size = max(size if size != 2**32 - 1 else 0, int.from_bytes(record[40:48], "little"))
    if size > MAX_LIST:
        raise UsageError(f"{name} has a longer list of members than any model")
