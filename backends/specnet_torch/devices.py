"""Devices under specnet's names, which are PyTorch's."""

from __future__ import annotations

import torch


def present() -> list[str]:
    """`cpu`, and the GPUs that PyTorch sees."""
    return ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
