"""A safetensors file, whichever program wrote it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from specnet.convert.weights.formats import READABLE
from specnet.convert.weights.tensor_file import Header, Layout
from specnet.diagnostics.errors import UsageError
from specnet.numerics.randomness import Array
from specnet.spec.spec import MAX_GROUPS
from specnet.storage import reading, tensors

GROUPS = "specnet.groups"
"""The key in a safetensors file's metadata under which specnet writes the groups of the spec."""


DTYPES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
"""The types that weights can have, by their safetensors names."""


class SafetensorsFile:
    """A safetensors file, its header checked by the safetensors library.

    Values are read, not mapped: a file that is cut short meanwhile is an error, and not the process's end.
    """

    layout: Layout = "torch"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file, self._places = _opened(path)
        self.tensors: Mapping[str, Header] = {n: self._header(n) for n in sorted(self._file.keys())}
        self.groups = tuple(((self._file.metadata() or {}).get(GROUPS) or "").split(",")[:MAX_GROUPS])

    def _header(self, name: str) -> Header:
        entry = self._file.get_slice(name)
        dtype = entry.get_dtype()
        return Header(tuple(entry.get_shape()), DTYPES.get(dtype, dtype.lower()))

    def read(self, name: str) -> Array:
        start, end = self._places[name]
        header = self.tensors[name]
        if header.dtype not in DTYPES.values():
            message = f"{self.path}: '{name}' is of type {header.dtype}, which weights do not have here"
            raise UsageError(message, f"save it as one of {', '.join(DTYPES)}")
        try:
            with reading.opened_plain(self.path) as (descriptor, _):
                os.lseek(descriptor, start, os.SEEK_SET)
                data = reading.at_most(descriptor, end - start)
            if len(data) < end - start:
                raise ValueError("it has become shorter")
            values = _values(data, header.dtype).reshape(header.shape)
        except (OSError, ValueError, TypeError) as error:
            raise _damaged(self.path, error) from None
        return values if header.dtype == "float64" else values.astype(np.float32)


def _values(data: bytes, dtype: str) -> Array:
    """Little-endian numbers. NumPy has no bfloat16: its bits are the upper half of a float32's."""
    if dtype == "bfloat16":
        upper: Any = np.frombuffer(data, dtype="<u2")
        halves: Array = (upper.astype(np.uint32) << 16).view(np.float32)
        return halves
    values: Array = np.frombuffer(data, dtype=np.dtype(dtype).newbyteorder("<"))
    return values


def _opened(path: Path) -> tuple[Any, dict[str, tuple[int, int]]]:
    """The library's view of a file, and where each tensor's bytes lie in it."""
    from safetensors import SafetensorError, safe_open

    try:
        header = tensors.read_header(path)
        file = safe_open(path, "numpy")
        return file, header
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> UsageError:
    return UsageError(f"{path} is damaged, or no file of tensors: {error}", READABLE)
