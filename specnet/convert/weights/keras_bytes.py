"""A file of Keras's in HDF5 whose bytes are here: the texts that describe its model, and its weights."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from specnet.convert.weights.keras_file import (
    DAMAGE,
    LONGEST_REFUSAL,
    KerasFile,
    check_readable,
    need_h5py,
    values_of,
)
from specnet.diagnostics.errors import UsageError
from specnet.numerics.randomness import Array
from specnet.storage.processes import ask_python

MAX_CONFIG = 2**23
"""Bytes of a model's configuration; that of EfficientNet-B7 has less than a tenth."""
ITSELF = "<itself>"
"""What the process that looks at the bytes calls the file, whose name it is not told."""


@dataclass(frozen=True)
class Variable:
    """What a file says of a variable, and the name of the layer that it belongs to, if it says that."""

    shape: tuple[int, ...]
    owner: str | None


class KerasBytes:
    """HDF5 whose bytes are made when they are asked for. In a damaged file the library may turn in circles or
    crash, so that a process of its own goes through it first, within limits of memory and time."""

    def __init__(self, make: Callable[[], bytes], name: str) -> None:
        self.make = make
        self.name = name

    def attributes(self, *names: str) -> dict[str, str]:
        """The file's attributes of these names, as far as they are texts. Raises `UsageError` for damage."""
        need_h5py()
        question = json.dumps(names).encode() + b"\n" + self._data
        try:
            answer = ask_python(f"{__name__}:texts_of", question, limit=4 * MAX_CONFIG)
        except ValueError as error:
            raise self._damaged(error) from None
        found: dict[str, str] = json.loads(answer)
        return found

    @cached_property
    def _data(self) -> bytes:
        return self.make()

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """The variables of the model by their places in the file.

        Raises `UsageError` if it is damaged, or holds what Keras does not write.
        """
        need_h5py()
        try:
            refusal = ask_python(f"{__name__}:survey", self._data, limit=LONGEST_REFUSAL)
        except ValueError as error:
            raise self._damaged(error) from None
        if refusal:
            raise UsageError(os.fsdecode(refusal).replace(ITSELF, self.name, 1))
        with self._opened() as file:
            held = KerasFile(Path(self.name), file)
            return {
                place: Variable(held.tensors[name].shape, held.owner(place))
                for place, name in held.places.items()
            }

    def read(self, place: str) -> Array:
        """A variable's values. Raises `UsageError` if they are damaged."""
        with self._opened() as file:
            return values_of(file[place], Path(self.name), place)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file, while it is read: left open, HDF5 would ask for its bytes when Python has ended."""
        h5py = need_h5py()
        try:
            with h5py.File(io.BytesIO(self._data), "r") as file:
                yield file
        except DAMAGE as error:
            raise self._damaged(error) from None

    def _damaged(self, error: object) -> UsageError:
        return UsageError(f"{self.name} is damaged: {error}", "is it whole?")


def survey(data: bytes) -> bytes:
    """Read the weights as they will be read, in a process of its own. Returns why they are refused."""
    return check_readable(io.BytesIO(data), ITSELF)


def texts_of(question: bytes) -> bytes:
    """In a process of its own: the attributes with the names in the first line of what is behind it."""
    import h5py

    names, _, data = question.partition(b"\n")
    found = {}
    with h5py.File(io.BytesIO(data), "r") as file:
        for name in json.loads(names):
            if name in file.attrs:
                value = file.attrs[name]
                text = value.decode() if isinstance(value, bytes) else value
                if isinstance(text, str) and len(text) <= MAX_CONFIG:
                    found[name] = text
    return json.dumps(found).encode()
