"""TensorFlow's way to say that there is not enough memory, as Python's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def enough_memory() -> Iterator[None]:
    """Raises `MemoryError`, with the first line of TensorFlow's message, where a device's memory runs out."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(str(error.message).partition("\n")[0]) from error
