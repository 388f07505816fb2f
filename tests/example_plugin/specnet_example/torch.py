"""The plugin's kinds in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from specnet.plans.operations import Compute
from specnet_example.layer import ChannelScale
from specnet_example.loss import Brier
from specnet_example.optimizer import Counted
from specnet_torch import Run, activation, layer, loss, optimizer


@layer("channel_scale")
def channel_scale(
    op: Compute[ChannelScale], inputs: Sequence[Tensor], weights: Mapping[str, Tensor], run: Run[Tensor]
) -> Tensor:
    x = inputs[0]
    return x * weights["weight"].reshape(-1, *[1] * (x.ndim - 2))


@activation("softsign")
def softsign(x: Tensor) -> Tensor:
    return x / (1 + x.abs())


@loss("brier")
def brier(rule: Brier, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    probabilities = torch.softmax(values[0], dim=1)
    hot = functional.one_hot(labels, probabilities.shape[1]).to(probabilities.dtype)
    mean = (probabilities - hot).square().sum(dim=1).mean()
    return mean + rule.penalty * values[1].square().sum(dim=1).mean()


@optimizer("adagrad_steps")
def adagrad_steps(
    rule: Counted, weight: Tensor, slots: Mapping[str, Tensor], gradient: Tensor, rate: float, decay: float
) -> None:
    gradient = gradient + decay * weight
    slots["steps"].add_(1)
    slots["squares"].add_(gradient * gradient)
    mean = slots["squares"] / slots["steps"].to(weight.dtype)
    weight.sub_(rate * gradient / (mean.sqrt() + rule.epsilon))
