"""The members of a `.keras` file, which is a zip archive, within limits that are looked at first.

Nothing is unpacked to a file: a member is its bytes, and only the three that a model is made of are read.
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
"""Times that weights may be larger than what is stored of them; Keras does not pack them at all."""
SIGNATURE = b"PK\x03\x04"
END, END64 = b"PK\x05\x06", b"PK\x06\x07"
END_SIZE, LOCATOR_SIZE = 22, 20


class Archive:
    """An archive's members by name.

    Raises `UsageError` where it is damaged, or none that Keras makes.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = one_line(name)
        _check_list(data, self.name)
        try:
            self._file = zipfile.ZipFile(io.BytesIO(data))
        except (ValueError, NotImplementedError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise self._damaged(error) from None
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._file.infolist():
            if info.filename in self._members:
                raise UsageError(f"{self.name} has two members called '{one_line(info.filename)}'")
            self._members[info.filename] = info

    def __contains__(self, member: str) -> bool:
        return member in self._members

    def read(self, member: str, limit: int | None = None) -> bytes:
        """A member's bytes: at most `limit` if it is given, else a few times what is stored of them."""
        info = self._members.get(member)
        if info is None:
            raise UsageError(f"{self.name} has no {member}, so it is no Keras model")
        most = info.compress_size * MOST_PACKED if limit is None else limit
        if info.file_size > most:
            raise UsageError(f"{self.name}: {member} is larger than the {most:,} bytes that are read of it")
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
    """Raise `UsageError` for a list of members that would take much memory (APPNOTE.TXT 4.3.16).

    The list's size stands in the record at the very end. A comment behind it, or a second record with sizes
    beyond 4 GiB in front of it, is nothing that Keras writes, and would be read in place of this one.
    """
    end = data[-END_SIZE:]
    if end[:4] != END or end[20:] != b"\0\0":
        raise UsageError(f"{name} is damaged: it does not end as a zip archive of Keras does", "is it whole?")
    if data[-END_SIZE - LOCATOR_SIZE :][:4] == END64 or int.from_bytes(end[12:16], "little") > MAX_LIST:
        raise UsageError(f"{name} has a longer list of members than any Keras model")
