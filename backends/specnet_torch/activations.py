"""The built-in activation functions in PyTorch. Channels, or units, are the second size."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Kinds
from specnet.plans.operations import Compute

Function = Callable[[Tensor], Tensor]

activation: Kinds[Function] = Kinds("torch", "activation")


def relu_in_place(x: Tensor) -> Tensor:
    return torch.relu_(x)


IN_PLACE: dict[str, Function] = {"relu": relu_in_place}
"""Those that PyTorch can also put over their argument, and whose gradient looks at their output alone."""


def find(op: Compute, name: str) -> Function:
    """The function for a layer. Raises `UsageError`, naming the layer, if it is unknown."""
    return activation.find(name, f"layer '{op.name}'")


@activation("relu")
def relu(x: Tensor) -> Tensor:
    return F.relu(x)


@activation("tanh")
def tanh(x: Tensor) -> Tensor:
    return torch.tanh(x)


@activation("sigmoid")
def sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


@activation("elu")
def elu(x: Tensor) -> Tensor:
    return F.elu(x)


@activation("softmax")
def softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=1)
