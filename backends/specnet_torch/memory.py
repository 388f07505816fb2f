"""PyTorch's ways to say that there is not enough memory, as Python's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

WORDS = ("can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""What the CPU's allocator and CUDA's libraries say in a plain `RuntimeError`."""


@contextmanager
def enough_memory() -> Iterator[None]:
    """Raises `MemoryError`, with the first line of PyTorch's message, where a device's memory runs out."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in WORDS):
            raise MemoryError(str(error).partition("\n")[0]) from error
        raise
