"""A file of tensors, whichever its format: names, shapes and types first, values when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from specnet.errors import UsageError
from specnet.randomness import Array
from specnet.spec import MAX_GROUPS
from specnet.storage import reading, tensors
from specnet.weights.formats import HDF5, READABLE, START, begins_as_safetensors, refusal

Layout = Literal["torch", "keras"]
"""How a file lays its tensors out: (out, in, height, width) and (out, in), or channels last and out last."""

MAX_NAME = 1000
GROUPS = "specnet.groups"
"""The key in a safetensors file's metadata under which specnet writes the groups of the spec."""
DTYPES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
"""The types that weights can have, by their safetensors names."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says about a tensor. `dtype` is NumPy's name of the type, or `bfloat16`.

    `own` marks the tensors of a native Keras model of specnet's.
    """

    shape: tuple[int, ...]
    dtype: str
    own: bool = False


class TensorFile(Protocol):
    """An open file of tensors."""

    layout: Layout
    tensors: Mapping[str, Header]
    groups: tuple[str, ...]
    """The groups of the spec that it was saved from, in order; none if it does not say."""

    def read(self, name: str) -> Array:
        """The values as float32, or float64 if stored so. Raises `UsageError` if they are damaged."""


@contextmanager
def open_tensors(path: Path) -> Iterator[TensorFile]:
    """The file, by its content and not its name, or the weights of a run or a checkpoint, by its folder.

    Raises `UsageError` if it cannot be read.
    """
    if path.is_dir():
        from specnet.weights.of_run import RunFile

        yield RunFile(path)
        return
    try:
        start = reading.read_start(path, START)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    except reading.Unfit as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    if start.startswith(HDF5):
        from specnet.weights.keras_file import open_keras

        with open_keras(path) as opened:
            _check_names(path, opened.tensors)
            yield opened
        return
    if not begins_as_safetensors(start):
        raise refusal(path, start)
    plain = SafetensorsFile(path)
    _check_names(path, plain.tensors)
    yield plain


def _check_names(path: Path, names: Iterable[str]) -> None:
    """Names are shown to people: what a terminal would take for a command is refused."""
    for name in names:
        if not name.isprintable() or len(name) > MAX_NAME:
            raise UsageError(f"{path} has a tensor whose name is not a line of text: {name[:100]!a}")


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
    found: Array = np.frombuffer(data, dtype=np.dtype(dtype).newbyteorder("<"))
    return found


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
