"""What the precision of a network means to PyTorch: its switches, turned for as long as a step takes.

They belong to the process, so what somebody else has set is back afterwards. PyTorch's own default
takes TF32, with 10 bits of significand instead of 23, for the float32 convolutions of a GPU.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch.utils import deterministic

from specnet.backend.protocol import Precision

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS is not deterministic

ON_GPUS = (("cuda", "matmul"), ("cuda", "conv"), ("cuda", "rnn"))
ON_CPUS = (("mkldnn", "matmul"), ("mkldnn", "conv"))

SWITCHES: tuple[tuple[Any, str, Any], ...] = (
    # bfloat16 is for values: their products are summed in float32.
    (torch.backends.cuda.matmul, "allow_bf16_reduced_precision_reduction", False),
    (torch.backends.cuda.matmul, "allow_fp16_reduced_precision_reduction", False),
    (torch.backends.cudnn, "benchmark", False),
    (torch.backends.cudnn, "deterministic", True),
    # It would write over every new tensor once more.
    (deterministic, "fill_uninitialized_memory", False),
)
"""Set for all precisions."""


@contextmanager
def arithmetic(precision: Precision) -> Iterator[None]:
    """Within it float32 is float32, TF32 is taken for `tf32` only, and kernels are deterministic ones."""
    before = [getattr(holder, name) for holder, name, _ in SWITCHES]
    debugging = torch.get_deterministic_debug_mode()
    for holder, name, value in SWITCHES:
        setattr(holder, name, value)
    if not debugging:  # a plugin's operation may have no deterministic kernel: PyTorch warns of it
        torch.set_deterministic_debug_mode("warn")
    try:
        with _tf32(precision == "tf32"):
            yield
    finally:
        torch.set_deterministic_debug_mode(debugging)
        for (holder, name, _), value in zip(SWITCHES, before, strict=True):
            setattr(holder, name, value)


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    """Whether products of float32 may be taken in TF32, said in both of PyTorch's languages.

    Since 2.9 each operation of each library has a precision. The older switches are kept in step: PyTorch
    refuses to read them where the two differ.
    """
    matmul: str | None = None
    cudnn: bool | None = None
    with suppress(RuntimeError):
        matmul = torch.get_float32_matmul_precision()
    with suppress(RuntimeError):
        cudnn = torch.backends.cudnn.allow_tf32
    newer = hasattr(torch._C, "_get_fp32_precision_getter")
    operations = (*ON_GPUS, *ON_CPUS) if newer else ()
    before = {operation: torch._C._get_fp32_precision_getter(*operation) for operation in operations}
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    torch.backends.cudnn.allow_tf32 = allowed
    for operation in operations:
        tf32 = allowed and operation in ON_GPUS
        torch._C._set_fp32_precision_setter(*operation, "tf32" if tf32 else "ieee")
    try:
        yield
    finally:
        if matmul is not None:
            torch.set_float32_matmul_precision(matmul)
        if cudnn is not None:
            torch.backends.cudnn.allow_tf32 = cudnn
        for operation, precision in before.items():
            # What an operation had from its library or from all of them it has from there again.
            torch._C._set_fp32_precision_setter(*operation, "none")
            if torch._C._get_fp32_precision_getter(*operation) != precision:
                torch._C._set_fp32_precision_setter(*operation, precision)
