"""Whether PyTorch is writing down what a model does, instead of only doing it."""

from __future__ import annotations

import torch
import torch.fx._symbolic_trace


def tracing() -> bool:
    """Whether `torch.compile`, `torch.export`, `torch.jit.trace`, `torch.fx` or an ONNX export is looking on.

    They take operators of PyTorch's own, and values that are not known yet: no operators by hand, and no
    choice that depends on a value, its layout or its device.
    """
    return bool(
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()  # type: ignore[attr-defined]
        or torch.fx._symbolic_trace._is_fx_tracing_flag
    )
