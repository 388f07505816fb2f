"""TensorFlow's way to say that there is not enough memory, as Python's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

OUT_OF_MEMORY = "Status: 1,"
"""How TensorFlow passes on that oneDNN, which computes convolutions and more on a CPU, found no memory."""


@contextmanager
def enough_memory() -> Iterator[None]:
    """Raises `MemoryError`, with the first line of TensorFlow's message, where a device's memory runs out."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(str(error.message).partition("\n")[0]) from error
    except tf.errors.AbortedError as error:
        if OUT_OF_MEMORY not in str(error.message):
            raise
        raise MemoryError(str(error.message).partition("\n")[0]) from error
