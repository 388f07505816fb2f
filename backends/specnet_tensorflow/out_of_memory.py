"""TensorFlow's ways to say that there is not enough memory, as Python's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

SAID = re.compile(
    r"out of memory|OOM when|failed to allocate|can't allocate memory|cannot allocate memory|std::bad_alloc"
    r"|(CUBLAS|CUDNN|CUSPARSE|CUSOLVER|CUFFT|CURAND)(_STATUS)?_\w*ALLOC\w*_FAILED"
    r"|CUSPARSE_STATUS_INSUFFICIENT_RESOURCES|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation",
    re.IGNORECASE,
)
"""What CUDA and its libraries say, in whatever class TensorFlow has for the place where it heard it."""

MEANT = re.compile(
    r"Dst tensor is not initialized"  # a copy to a GPU that has no room for it
    r"|No algorithm worked|Failed to get convolution algorithm|DNN library initialization failed"
    r"|without (BLAS|DNN) support|(CUBLAS|CUDNN)_STATUS_NOT_INITIALIZED|failed to create cu(BLAS|DNN) handle",
    re.IGNORECASE,
)
"""What it says where a copy, a kernel's workspace or a library's handle got no memory."""

ONEDNN = "Status: 1,"
"""How TensorFlow passes on that oneDNN, which computes convolutions and more on a CPU, got no memory."""


@contextmanager
def reraise_out_of_memory() -> Iterator[None]:
    """Raises `MemoryError`, with the first line of TensorFlow's message, where a device's memory runs out."""
    try:
        yield
    except (tf.errors.OpError, RuntimeError) as error:
        message = str(getattr(error, "message", error))
        line = message.partition("\n")[0]
        aborted = isinstance(error, tf.errors.AbortedError) and ONEDNN in message
        if isinstance(error, tf.errors.ResourceExhaustedError) or aborted or SAID.search(message):
            raise MemoryError(line) from error
        if MEANT.search(message):
            raise MemoryError(f"{line} (it says so where memory has run out)") from error
        raise
