"""The built-in losses in PyTorch.

A function takes the loss, the values that it reads in the order of its `reads`, and the labels: classes,
int64 (images,), or, where the loss allows soft labels, each class's share, float64 (images, classes). It
returns the mean over the images. Values are float64 whatever the network computes in, since no two programs
round an exponential alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from specnet.backend.kinds import Kinds
from specnet.recipe.losses import Loss, MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy, Sum

LossFunction = Callable[[Any, Sequence[Tensor], Tensor], Tensor]

loss: Kinds[LossFunction] = Kinds("torch", "loss")


@loss("softmax_cross_entropy")
def softmax_cross_entropy(rule: SoftmaxCrossEntropy, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    return F.cross_entropy(values[0], labels, label_smoothing=rule.label_smoothing)


@loss("sigmoid_cross_entropy")
def sigmoid_cross_entropy(rule: SigmoidCrossEntropy, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    (logits,) = values
    right = shares(labels, logits)
    return F.binary_cross_entropy_with_logits(logits, right, reduction="sum") / len(logits)


@loss("mean_squared_error")
def mean_squared_error(rule: MeanSquaredError, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    return (values[0] - shares(labels, values[0])).square().mean()


@loss("sum")
def added(rule: Sum, values: Sequence[Tensor], labels: Tensor) -> Tensor:
    parts = [
        weight * loss.find(part.kind, "the loss")(part, own, labels)
        for part, weight, own in rule.dealt(values)
    ]
    return torch.stack(parts).sum()


def find(rule: Loss) -> LossFunction:
    """The function of a loss. Raises `UsageError` if there is none for it or for one that it adds up."""
    for part in rule.of if isinstance(rule, Sum) else ():
        loss.find(part.kind, "the loss")
    return loss.find(rule.kind, "the loss")


def shares(labels: Tensor, outputs: Tensor) -> Tensor:
    """Each class's share of each image, like `outputs` (images, classes)."""
    return (labels if labels.is_floating_point() else F.one_hot(labels, outputs.shape[1])).to(outputs.dtype)
