"""Memory for batches that is used again: fresh pages cost the operating system more than filling them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from specnet.numerics.randomness import Array

LEAST = 2**22
"""Bytes from which it is worth it."""

KEPT = 4
"""Pieces that wait to be used again at most."""


class Memory:
    """Lends memory to arrays; a piece comes back when its array, and whatever was cut out of it, is gone."""

    def __init__(self) -> None:
        self._idle: list[NDArray[np.uint8]] = []

    def take(self, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """An array of that shape with anything in it."""
        needed = math.prod(shape) * np.dtype(dtype).itemsize
        if needed < LEAST:
            return np.empty(shape, dtype=dtype)
        try:
            piece = self._idle.pop()
        except IndexError:
            piece = np.empty(needed, dtype=np.uint8)
        if len(piece) < needed:
            piece = np.empty(needed, dtype=np.uint8)
        lent = np.asarray(_Lent(piece, self._idle))
        return lent[:needed].view(dtype).reshape(shape)


class _Lent:
    """What all arrays over a piece of memory hold on to; NumPy asks it for `__array_interface__`."""

    def __init__(self, piece: NDArray[np.uint8], idle: list[NDArray[np.uint8]]) -> None:
        self._piece, self._idle = piece, idle
        self.__array_interface__: dict[str, Any] = piece.__array_interface__

    def __del__(self) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(self._piece)
