"""Reading safetensors files of strangers: sizes are looked at before the library is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from specnet.storage import reading

LARGEST_HEADER = 8 * 2**20
"""Bytes. Names, shapes and places of some eighty thousand tensors; the largest models have ten thousand."""


def load(path: Path) -> dict[str, Any]:
    """All arrays of a file by name. Nothing is mapped: a file that is cut short meanwhile is an error.

    Raises `reading.Unfit`, `OSError`, or the library's `SafetensorError`.
    """
    check_header(path)
    return parse(reading.read(path, reading.check_plain(path)))


def parse(data: bytes) -> dict[str, Any]:
    """The arrays of a file's content, in the order of their names."""
    from safetensors.numpy import load as load_bytes

    _check_length(data[:8], len(data))
    try:
        tensors: dict[str, Any] = load_bytes(data)
    except (KeyError, AttributeError, TypeError) as error:  # types that NumPy does not have
        raise reading.Unfit(f"it holds a type of number that is not known here: {error}") from None
    return {name: tensors[name] for name in sorted(tensors)}  # the library's order changes from call to call


def check_header(path: Path) -> None:
    """Raise `reading.Unfit` if a file's header is longer than the file, or than headers are."""
    with reading.opened_plain(path) as (descriptor, size):
        _check_length(reading.at_most(descriptor, 8), size)


def read_header(path: Path) -> dict[str, tuple[int, int]]:
    """Where the bytes of each tensor lie in a file, from its beginning. The library checks what it says."""
    with reading.opened_plain(path) as (descriptor, size):
        start = reading.at_most(descriptor, 8)
        _check_length(start, size)
        length = int.from_bytes(start, "little")
        try:
            header = json.loads(reading.at_most(descriptor, length))
            return {
                name: (8 + length + int(entry["data_offsets"][0]), 8 + length + int(entry["data_offsets"][1]))
                for name, entry in header.items()
                if name != "__metadata__"
            }
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
            raise reading.Unfit(f"its header is damaged ({error})") from None


def _check_length(start: bytes, size: int) -> None:
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > size - 8:
        raise reading.Unfit("its header does not fit into it")
    if length > LARGEST_HEADER:
        raise reading.Unfit(f"its header has {length:,} bytes, more than {LARGEST_HEADER:,}")
