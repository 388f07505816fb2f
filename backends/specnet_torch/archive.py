"""A module as an archive of torch.export, which is read without PyTorch."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import torch
from torch import nn


def archived(model: nn.Module, shape: Sequence[int]) -> bytes:
    """The archive of a module that reads batches of images of `shape`, (channels, height, width) or (units,).

    The module is exported as it evaluates, and is afterwards as it was. Raises whatever torch.export does of
    a module that it cannot follow.
    """
    values = next(iter([*model.parameters(), *model.buffers()]), torch.zeros(()))
    images = torch.zeros((2, *shape), dtype=values.dtype, device=values.device)
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of the exporter's own code
            program = torch.export.export(model, (images,))
            written = io.BytesIO()
            torch.export.save(program, written)
    finally:
        for module, was in training.items():
            module.training = was
    return written.getvalue()
