"""Text that carries its own checksum, so that no byte of it changes unnoticed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

MARK = "# sha256 of the lines above: "


def checksummed_json(content: dict[str, Any]) -> bytes:
    """JSON whose last key is the SHA-256 of the same JSON without it."""
    return _json({**content, "sha256": hashlib.sha256(_json(content)).hexdigest()})


def verified_json(data: bytes) -> dict[str, Any]:
    """What `checksummed_json` was given. Raises `ValueError` if a single byte is another."""
    try:
        content = json.loads(data)
        content.pop("sha256")
        untouched = checksummed_json(content) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it cannot be read ({error})") from None
    if not untouched:
        raise ValueError("it has changed")
    verified: dict[str, Any] = content
    return verified


def checksummed_text(text: str) -> bytes:
    """Lines, and a last one, a comment, with their SHA-256."""
    return f"{text}{MARK}{hashlib.sha256(text.encode()).hexdigest()}\n".encode()


def verified_text(data: bytes) -> str:
    """The lines that `checksummed_text` was given. Raises `ValueError` if a single byte is another."""
    try:
        text, mark, _ = data.decode().rpartition(MARK)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not text ({error.reason})") from None
    if not mark:
        raise ValueError("its last line, a checksum, is missing")
    if checksummed_text(text) != data:
        raise ValueError("it has changed since it was written")
    return text


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode()
