"""`validate --fix`: which files may be changed, and what was done to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.cli.inputs import is_revision
from specnet.cli.output import MOST_FINDINGS, write
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.text import one_line, printable

if TYPE_CHECKING:
    from specnet.network.mending import Mend, Mended

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def check_changeable(paths: Sequence[str]) -> None:
    """Raise `UsageError` if one of the paths names what must not be changed, before any of them is.

    Nothing is said of what is not there or cannot be read: that is a finding.
    """
    if "-" in paths and len(paths) > 1:
        raise UsageError("--fix prints the mended text of -, and several specs are given", "give - alone")
    for path in paths:
        reason, hint = _obstacle(path)
        if reason is not None:
            raise UsageError(f"--fix cannot change {printable(path)}: {reason}", hint)


def _obstacle(path: str) -> tuple[str | None, str | None]:
    """Why a path's file must not be changed, if there is a reason, and what to do instead."""
    from specnet.storage import reading
    from specnet.storage.checksum import MARK
    from specnet.syntax.document import MAX_BYTES

    if path == "-" or not path:
        return None, None
    if is_revision(path):
        return "it is a revision", "git show REVISION:PATH | specnet validate --fix - > FILE"
    file = Path(path)
    if file.is_symlink():
        try:
            hint = f"name {printable(str(file.resolve()))}"
        except (OSError, RuntimeError):  # it leads to itself
            hint = "name a file"
        return "it is a link, and links are not followed here", hint
    if file.is_dir():
        return "it is a folder", "name a file"
    try:
        raw = reading.read(file, MAX_BYTES)
    except reading.Unfit as error:
        return str(error), "- reads standard input and prints the mended text"
    except OSError:
        return None, None
    if f"\n{MARK}".encode() in raw:
        return "it is the spec of a run, with a checksum", "mend a copy of it without its last line"
    return None, None


def mended(path: str, raw: bytes, name: str) -> Mended:
    """A spec's text with what is certain mended, written to its file or, for `-`, to standard output.

    Raises `SpecError` for bytes that are not text, and `UsageError` if the file cannot be written.
    """
    from specnet.network.mending import mend
    from specnet.syntax.document import decoded

    try:
        text = decoded(raw, name)
    except SpecError:
        if path == "-":
            write(path, raw)
        raise
    after = mend(text, name)
    content = (BYTE_ORDER_MARK if raw.startswith(BYTE_ORDER_MARK) else b"") + after.text.encode()
    if path == "-" or content != raw:
        write(path, content)
    return after


def lines(mends: Sequence[Mend]) -> Iterator[str]:
    """What was done, a line for each edit: its place, what was there, what is."""
    for mend in mends[:MOST_FINDINGS]:
        place = mend.finding.position
        where = f"{printable(place.file)}:" if place else ""
        was, now = (one_line(ascii(text)) if text else "nothing" for text in (mend.was, mend.edit.text))
        yield f"{where}{mend.edit.start[0]}:{mend.edit.start[1]}: {was} -> {now} ({mend.finding.code})"
    if len(mends) > MOST_FINDINGS:
        yield f"and {len(mends) - MOST_FINDINGS:,} more"


def as_json(mend: Mend) -> dict[str, Any]:
    """An edit under the keys that `validate --fix --json` promises."""
    place = mend.finding.position
    return {
        "code": mend.finding.code,
        "file": place.file if place else None,
        "line": mend.edit.start[0],
        "column": mend.edit.start[1],
        "was": mend.was,
        "now": mend.edit.text,
    }
