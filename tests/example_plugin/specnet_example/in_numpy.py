"""The plugin's kinds for the plain NumPy backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute
from specnet_example.layer import ChannelScale
from specnet_example.loss import Brier
from specnet_example.numpy_kinds import Pull, activation, layer, loss, optimizer
from specnet_example.optimizer import Counted


@layer("channel_scale")
def channel_scale(op: Compute[ChannelScale], x: Array, weights: Mapping[str, Array]) -> Any:
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    factors = weights["weight"].reshape(-1, *[1] * (x.ndim - 2))
    return x * factors, lambda g: (g * factors, {"weight": (g * x).sum(axis=axes)})


@activation("softsign")
def softsign(x: Array) -> tuple[Array, Pull]:
    return x / (1 + np.abs(x)), lambda gradient: gradient / (1 + np.abs(x)) ** 2


@loss("brier")
def brier(rule: Brier, values: Sequence[Array], labels: NDArray[np.int64]) -> tuple[float, list[Array]]:
    logits, hidden = values
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    error = p - np.eye(p.shape[1])[labels]
    mean = float((error**2).sum(axis=1).mean() + rule.penalty * (hidden**2).sum(axis=1).mean())
    of_logits = 2 * p * (error - (error * p).sum(axis=1, keepdims=True)) / len(labels)
    return mean, [of_logits, 2 * rule.penalty * hidden / len(labels)]


@optimizer("adagrad_steps")
def adagrad_steps(
    rule: Counted, weight: Array, slots: Mapping[str, Array], gradient: Array, rate: float, decay: float
) -> None:
    gradient = gradient + decay * weight
    slots["steps"][...] += 1
    slots["squares"][...] += gradient**2
    weight -= rate * gradient / (np.sqrt(slots["squares"] / slots["steps"]) + rule.epsilon)
