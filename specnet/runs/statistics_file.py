"""`statistics.safetensors` of a run: what its images are normalized with, as it was measured once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import save

from specnet.data.statistics import Statistics, placeholder
from specnet.diagnostics.errors import RunError
from specnet.storage import reading, tensors

NAME = "statistics.safetensors"
LARGEST = 2**28
"""Bytes: two images in float64 of eight million pixels."""


def as_bytes(statistics: Statistics) -> bytes:
    return bytes(save(statistics.arrays()))


def digest(statistics: Statistics) -> str:
    """Their SHA-256, for the checkpoints."""
    return hashlib.sha256(as_bytes(statistics)).hexdigest()


def read(path: Path, expected: str, *, measured: bool) -> Statistics | None:
    """The statistics of that digest; None if they have to be measured, for they are to be `measured` ones,
    and those are the placeholder of a recipe that had no use for any.

    Raises `RunError` if they are others than were written.
    """
    try:
        data = reading.read(path, LARGEST)
        statistics = Statistics(**tensors.parse(data))
        empty = placeholder(statistics.mean.shape)
        if digest(empty) == expected:
            return None if measured else empty
        if hashlib.sha256(data).hexdigest() == expected:
            return statistics
        fault = "it has changed since it was written"
    except (OSError, TypeError, ValueError, IndexError, SafetensorError) as error:
        fault = str(error)
    raise RunError(f"{path} is damaged: {fault}", "remove it, and the training images are measured again")
