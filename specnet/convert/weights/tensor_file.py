"""What an open file of tensors tells, whichever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from specnet.numerics.randomness import Array

Layout = Literal["torch", "keras"]
"""How a file lays its tensors out: (out, in, height, width) and (out, in), or channels last and out last."""


MAX_NAME = 1000


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
    """The groups of the spec that it was saved from, in order; empty if it does not say."""

    def read(self, name: str) -> Array:
        """The values as float32, or float64 if stored so. Raises `UsageError` if they are damaged."""
