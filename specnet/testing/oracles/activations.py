"""Oracles of the activation functions: the output, and the way back from its gradient to the input's."""

from __future__ import annotations

import numpy as np

from specnet.testing.oracles.base import Pull, Values, activation_oracle


@activation_oracle("relu")
def relu(x: Values) -> tuple[Values, Pull]:
    """max(x, 0), with derivative 0 at 0."""
    return np.where(x > 0, x, 0.0), lambda gradient: np.where(x > 0, gradient, 0.0)


@activation_oracle("tanh")
def tanh(x: Values) -> tuple[Values, Pull]:
    """sinh(x) / cosh(x), with derivative 1 / cosh(x) ** 2."""
    return np.sinh(x) / np.cosh(x), lambda gradient: gradient / np.cosh(x) ** 2


@activation_oracle("sigmoid")
def sigmoid(x: Values) -> tuple[Values, Pull]:
    """1 / (1 + exp(-x)), with derivative exp(-x) / (1 + exp(-x)) ** 2."""
    return 1 / (1 + np.exp(-x)), lambda gradient: gradient * np.exp(-x) / (1 + np.exp(-x)) ** 2


@activation_oracle("elu")
def elu(x: Values) -> tuple[Values, Pull]:
    """x above 0, exp(x) - 1 below, with derivatives 1 and exp(x)."""
    below = np.minimum(x, 0.0)
    return np.where(x > 0, x, np.expm1(below)), lambda gradient: gradient * np.exp(below)


@activation_oracle("softmax")
def softmax(x: Values) -> tuple[Values, Pull]:
    """exp(x[c]) / sum over d of exp(x[d]), along the channels."""
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    y = powers / powers.sum(axis=1, keepdims=True)
    return y, lambda gradient: y * (gradient - (gradient * y).sum(axis=1, keepdims=True))
