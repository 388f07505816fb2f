"""What is done to each value by itself in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Run
from specnet.layers.activation import Activation
from specnet.layers.dropout import Dropout
from specnet.layers.stochastic_depth import StochasticDepth
from specnet.plans.operations import Compute
from specnet_torch import activations
from specnet_torch.layers.base import Weights, layer


@layer("dropout")
def dropout(op: Compute[Dropout], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    settings, (x,) = op.layer, inputs
    stay = 1 - settings.rate
    if not run.training:
        return x * stay if settings.scale_at == "test" else x
    if run.keep is None:
        dropped = F.dropout(x, settings.rate)
        return dropped * stay if settings.scale_at == "test" else dropped
    kept = x * run.keep
    return kept if settings.scale_at == "test" else kept / stay


@layer("stochastic_depth")
def stochastic_depth(
    op: Compute[StochasticDepth], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    settings, (x,) = op.layer, inputs
    if not run.training:
        return x
    if run.keep is None:
        one = x.flatten(1)[:, :1].reshape(-1, *[1] * len(op.output_shape))
        return x * F.dropout(torch.ones_like(one), settings.rate)
    return x * run.keep / (1 - settings.rate)


@layer("activation")
def activation(
    op: Compute[Activation], inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]
) -> Tensor:
    return activations.find(op, op.layer.function)(inputs[0])


@layer("add")
def add(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    total = inputs[0]
    for other in inputs[1:]:
        total = total + other
    return total


@layer("multiply")
def multiply(op: Compute, inputs: Sequence[Tensor], weights: Weights, run: Run[Tensor]) -> Tensor:
    lacking = (len(op.output_shape) - len(shape) for shape in op.input_shapes)
    product, *others = (x[(..., *[None] * n)] if n else x for x, n in zip(inputs, lacking, strict=True))
    for other in others:
        product = product * other
    return product
