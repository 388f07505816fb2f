"""Oracles of the losses: the mean over the batch, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.recipe.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from specnet.testing.oracles.base import Labels, Values, loss_oracle


@loss_oracle("softmax_cross_entropy")
def softmax_cross_entropy(
    loss: SoftmaxCrossEntropy, read: Sequence[Values], labels: Labels
) -> tuple[float, list[Values]]:
    """That of the logits."""
    mean, gradient = cross_entropy(read[0], labels)
    return mean, [gradient]


@loss_oracle("sigmoid_cross_entropy")
def sigmoid_cross_entropy(
    loss: SigmoidCrossEntropy, read: Sequence[Values], labels: Labels
) -> tuple[float, list[Values]]:
    """With p = 1 / (1 + exp(-x)): the sum of -log p for the right class and -log(1 - p) for the others, whose
    derivatives are p - 1 and p."""
    (logits,) = read
    total, gradient = 0.0, np.zeros_like(logits)
    for image, label in enumerate(labels):
        for output, x in enumerate(logits[image]):
            p = 1 / (1 + np.exp(-x))
            total -= float(np.log(p if output == label else 1 - p))
            gradient[image, output] = p - (output == label)
    return total / len(logits), [gradient / len(logits)]


def cross_entropy(logits: Values, labels: Labels) -> tuple[float, Values]:
    """The mean over the batch of -log softmax(logits)[label], and its gradient (softmax - one hot) / n."""
    n = len(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    hot = np.zeros_like(logits)
    hot[np.arange(n), labels] = 1.0
    return -float((hot * logarithms).sum()) / n, (np.exp(logarithms) - hot) / n
