"""Oracles of the losses: the mean over the batch, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.backend.batch import Labels
from specnet.recipe.losses import MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy, Sum
from specnet.testing.oracles.base import Values, loss_oracle


@loss_oracle("softmax_cross_entropy")
def softmax_cross_entropy(
    loss: SoftmaxCrossEntropy, read: Sequence[Values], labels: Labels
) -> tuple[float, list[Values]]:
    """That of the logits, by the definition of smoothed labels: (1 - s) of what they are, s for all alike."""
    (logits,) = read
    classes = logits.shape[1]
    smoothed = (1 - loss.label_smoothing) * shares(labels, classes) + loss.label_smoothing / classes
    mean, gradient = cross_entropy(logits, smoothed)
    return mean, [gradient]


@loss_oracle("sigmoid_cross_entropy")
def sigmoid_cross_entropy(
    loss: SigmoidCrossEntropy, read: Sequence[Values], labels: Labels
) -> tuple[float, list[Values]]:
    """With p = 1 / (1 + exp(-x)): for each class of share t, -t log p - (1 - t) log(1 - p), whose derivative
    is p - t. The logarithms are -log(1 + exp(-x)) and -log(1 + exp(x)): 1 - p would have few digits left."""
    (logits,) = read
    share = shares(labels, logits.shape[1])
    agreed, denied = np.logaddexp(0, -logits), np.logaddexp(0, logits)
    total = float((share * agreed + (1 - share) * denied).sum())
    return total / len(logits), [(np.exp(-agreed) - share) / len(logits)]


@loss_oracle("mean_squared_error")
def mean_squared_error(
    loss: MeanSquaredError, read: Sequence[Values], labels: Labels
) -> tuple[float, list[Values]]:
    """The squares of what the outputs are off, by their number; twice of it is the derivative."""
    (outputs,) = read
    off = outputs - shares(labels, outputs.shape[1])
    return float(np.vdot(off, off)) / off.size, [2 * off / off.size]


@loss_oracle("sum")
def added(loss: Sum, read: Sequence[Values], labels: Labels) -> tuple[float, list[Values]]:
    """Loss by loss, in the order of what they read."""
    total, gradients, rest = 0.0, [], list(read)
    for part in loss.of:
        own = [rest.pop(0) for _ in part.reads]
        mean, of_own = loss_oracle.find(part.kind, "the loss")(part, own, labels)
        factor = 1 if part.weight is None else part.weight
        total += factor * mean
        gradients += [factor * gradient for gradient in of_own]
    return total, gradients


def cross_entropy(logits: Values, labels: Labels) -> tuple[float, Values]:
    """The mean over the batch of -sum(share * log softmax(logits)), and its gradient (softmax - shares) / n
    for shares that are 1 in sum."""
    n = len(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    right = shares(labels, logits.shape[1])
    return -float((right * logarithms).sum()) / n, (np.exp(logarithms) - right) / n


def shares(labels: Labels, classes: int) -> Values:
    """Each class's share of each image: labels that are classes as ones and zeros."""
    if labels.ndim == 2:
        return np.asarray(labels, np.float64)
    hot = np.zeros((len(labels), classes))
    hot[np.arange(len(labels)), labels] = 1.0
    return hot
