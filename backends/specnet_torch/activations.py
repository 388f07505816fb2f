"""The built-in activation functions in PyTorch. Channels, or units, are the second size."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Kinds
from specnet.layers.functions import ActivationFunction
from specnet.layers.rectifiers import GELU_CUBIC, GELU_FACTOR
from specnet.plans.operations import Compute

Function = Callable[..., Tensor]
"""From a value, and the numbers of the activation function by name, to a value of the same shape."""

activation: Kinds[Function] = Kinds("torch", "activation")


def relu_in_place(x: Tensor) -> Tensor:
    return torch.relu_(x)


IN_PLACE: dict[str, Function] = {"relu": relu_in_place}
"""Those that PyTorch can also put over their argument, and whose gradient looks at their output alone."""


def find(op: Compute, function: ActivationFunction) -> Callable[[Tensor], Tensor]:
    """The function for a layer. Raises `UsageError`, naming the layer, if it is unknown."""
    return activation.with_options(function.kind, function.options, f"layer '{op.name}'")


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
def elu(x: Tensor, alpha: float) -> Tensor:
    return F.elu(x, alpha)


@activation("relu6")
def relu6(x: Tensor) -> Tensor:
    return F.relu6(x)


@activation("leaky_relu")
def leaky_relu(x: Tensor, slope: float) -> Tensor:
    return F.leaky_relu(x, slope)


@activation("scaled_tanh")
def scaled_tanh(x: Tensor, amplitude: float, slope: float) -> Tensor:
    return amplitude * torch.tanh(slope * x)


@activation("hard_sigmoid")
def hard_sigmoid(x: Tensor) -> Tensor:
    """Not PyTorch's own, whose gradient has float32's 1 / 6."""
    return F.relu6(x + 3) / 6


@activation("hard_swish")
def hard_swish(x: Tensor) -> Tensor:
    """Not PyTorch's own, which multiplies before it divides: a large x would be infinite in between."""
    return x * (F.relu6(x + 3) / 6)


@activation("gelu")
def gelu(x: Tensor) -> Tensor:
    """PyTorch's own is x (1 + erf) / 2, which has no digits left far below 0: in float64 they are counted."""
    return 0.5 * x * torch.erfc(-math.sqrt(0.5) * x) if x.dtype == torch.float64 else F.gelu(x)


@activation("gelu_tanh")
def gelu_tanh(x: Tensor) -> Tensor:
    """(1 + tanh(u)) / 2 as the sigmoid of 2 u: the sum has no digits left where the tanh is near -1. It is 0
    or 1 beyond 30 in any type; the square of a larger x could make its gradient no number."""
    wide = x.float() if x.dtype.itemsize < 4 else x
    z = wide.clamp(-30, 30)
    y = wide * torch.sigmoid(2 * GELU_FACTOR * (z + GELU_CUBIC * z * z * z))
    return y.to(x.dtype)


@activation("silu")
def silu(x: Tensor) -> Tensor:
    return F.silu(x)


@activation("softplus")
def softplus(x: Tensor) -> Tensor:
    """It is x beyond 50 in any type; PyTorch's own limit, 20, is one of float32."""
    return F.softplus(x, threshold=50)


@activation("softmax")
def softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, dim=1)
