"""What a layer function takes and gives in PyTorch, and what several of them share.

A function takes the operation, its arguments (one tensor each, batch first, then the canonical channels,
height, width), the parameters by role in their canonical layouts, and the circumstances of the run. It
returns the output before the layer's activation function, which is applied for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Kinds, Run
from specnet.layers.window import Pads
from specnet.plans.operations import Compute

Weights = Mapping[str, Tensor]


LayerFunction = Callable[[Compute[Any], Sequence[Tensor], Weights, Run[Tensor]], Tensor]


layer: Kinds[LayerFunction] = Kinds("torch", "layer")


def padded(x_nchw: Tensor, pads: Pads, value: float) -> Tensor:
    """The image with rows and columns of `value` around it."""
    if not any(pads):
        return x_nchw
    return F.pad(x_nchw, (pads.left, pads.right, pads.top, pads.bottom), value=value)


def sides(pads: Pads) -> tuple[int, int] | None:
    """Rows and columns of padding on either side, as PyTorch's own layers take it; None if sides differ."""
    even = pads.top == pads.bottom and pads.left == pads.right
    return (pads.top, pads.left) if even else None
