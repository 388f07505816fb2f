"""The paper's update rule with every option, for four numbers: plain Python, an operation at a time.

The network is one input, two logits z = w x + b, and softmax cross-entropy. Nothing here knows arrays, specs
or the other oracles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """One optimizer's options, biases' own rate and decay written out."""

    rate: float
    momentum: float
    decay: float
    bias_rate: float
    bias_decay: float
    clip_norm: float = math.inf


def train(
    options: Options, w: list[float], b: list[float], steps: Iterable[tuple[float, int, float]]
) -> list[float]:
    """The four parameters after steps of one sample each: (x, label, what the schedule multiplies by).

    w and b have a number for each logit; they come back as [w0, w1, b0, b1].
    """
    w0, w1, b0, b1 = *w, *b
    velocity_w0 = velocity_w1 = velocity_b0 = velocity_b1 = 0.0
    for x, label, factor in steps:
        p0 = 1 / (1 + math.exp((w1 * x + b1) - (w0 * x + b0)))
        of_b0 = p0 - 1 if label == 0 else p0
        of_b1 = -of_b0  # the two probabilities add up to 1
        of_w0, of_w1 = of_b0 * x, of_b1 * x
        norm = math.sqrt(of_w0**2 + of_w1**2 + of_b0**2 + of_b1**2)
        if norm > options.clip_norm:
            shorter = options.clip_norm / norm
            of_w0, of_w1, of_b0, of_b1 = of_w0 * shorter, of_w1 * shorter, of_b0 * shorter, of_b1 * shorter
        rate, bias_rate, m = options.rate * factor, options.bias_rate * factor, options.momentum
        velocity_w0 = m * velocity_w0 - options.decay * rate * w0 - rate * of_w0
        velocity_w1 = m * velocity_w1 - options.decay * rate * w1 - rate * of_w1
        velocity_b0 = m * velocity_b0 - options.bias_decay * bias_rate * b0 - bias_rate * of_b0
        velocity_b1 = m * velocity_b1 - options.bias_decay * bias_rate * b1 - bias_rate * of_b1
        w0, w1, b0, b1 = w0 + velocity_w0, w1 + velocity_w1, b0 + velocity_b0, b1 + velocity_b1
    return [w0, w1, b0, b1]
