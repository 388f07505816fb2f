"""PyTorch's ways to say that there is not enough memory, as Python's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

SAID = re.compile(
    r"out of memory|can't allocate memory|not enough memory|cannot allocate memory|std::bad_alloc"
    r"|(CUBLAS|CUDNN|CUSPARSE|CUSOLVER|CUFFT|CURAND)(_STATUS)?_\w*ALLOC\w*_FAILED"
    r"|CUSPARSE_STATUS_INSUFFICIENT_RESOURCES|(CUDA|NVRTC|HIP)_ERROR_OUT_OF_MEMORY"
    r"|cudaErrorMemoryAllocation|hipErrorOutOfMemory",
    re.IGNORECASE,
)
"""What the CPU's allocator, CUDA and its libraries say in an error that is not PyTorch's own class for it."""

MEANT = re.compile(
    r"unable to find (a valid cuDNN algorithm|an engine to execute)|(CUBLAS|CUDNN)_STATUS_NOT_INITIALIZED",
    re.IGNORECASE,
)
"""What cuDNN and cuBLAS say where no memory was left for any of their kernels, or even for their handle."""


@contextmanager
def reraise_out_of_memory() -> Iterator[None]:
    """Raises `MemoryError`, with the first line of PyTorch's message, where a device's memory runs out."""
    try:
        yield
    except RuntimeError as error:
        message = str(error)
        if isinstance(error, torch.cuda.OutOfMemoryError) or SAID.search(message):
            raise MemoryError(message.partition("\n")[0]) from error
        if MEANT.search(message):
            line = message.partition("\n")[0]
            raise MemoryError(f"{line} (it says so where memory has run out)") from error
        raise
