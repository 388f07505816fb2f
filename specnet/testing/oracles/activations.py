"""Oracles of the activation functions: the output, and the way back from its gradient to the input's."""

from __future__ import annotations

import math

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
def elu(x: Values, alpha: float) -> tuple[Values, Pull]:
    """x above 0, alpha * (exp(x) - 1) elsewhere, with derivatives 1 and alpha * exp(x)."""
    below = np.minimum(x, 0.0)
    slopes = np.where(x > 0, 1.0, alpha * np.exp(below))
    return np.where(x > 0, x, alpha * np.expm1(below)), lambda gradient: gradient * slopes


@activation_oracle("relu6")
def relu6(x: Values) -> tuple[Values, Pull]:
    """x between 0 and 6, and the nearer of the two elsewhere, with derivative 0 there and at both."""
    return np.clip(x, 0.0, 6.0), lambda gradient: np.where((x > 0) & (x < 6), gradient, 0.0)


@activation_oracle("leaky_relu")
def leaky_relu(x: Values, slope: float) -> tuple[Values, Pull]:
    """x times its slope: 1 above 0, `slope` elsewhere."""
    slopes = np.where(x > 0, 1.0, slope)
    return slopes * x, lambda gradient: slopes * gradient


@activation_oracle("scaled_tanh")
def scaled_tanh(x: Values, amplitude: float, slope: float) -> tuple[Values, Pull]:
    """a (1 - q) / (1 + q) with q = exp(-2 b x), from the side where q is below 1.

    Its derivative is 4 a b q / (1 + q) ** 2.
    """
    q = np.exp(-2 * np.abs(slope * x))
    output = amplitude * np.sign(slope * x) * -np.expm1(-2 * np.abs(slope * x)) / (1 + q)
    return output, lambda gradient: gradient * 4 * amplitude * slope * q / (1 + q) ** 2


@activation_oracle("hard_sigmoid")
def hard_sigmoid(x: Values) -> tuple[Values, Pull]:
    """0 up to -3, 1 from 3 on, a straight line in between."""
    between = (x > -3) & (x < 3)
    return np.where(between, x / 6 + 0.5, (x >= 3) * 1.0), lambda gradient: between * gradient / 6


@activation_oracle("hard_swish")
def hard_swish(x: Values) -> tuple[Values, Pull]:
    """0 up to -3, x from 3 on, (x ** 2 + 3 x) / 6 in between."""
    between = (x > -3) & (x < 3)
    inside = np.where(between, x, 0.0)
    outside = np.where(x >= 3, 1.0, 0.0)
    output = np.where(between, inside * (inside + 3) / 6, outside * x)
    return output, lambda gradient: np.where(between, inside / 3 + 0.5, outside) * gradient


@activation_oracle("gelu")
def gelu(x: Values) -> tuple[Values, Pull]:
    """x P(x), with derivative P(x) + x p(x), of the standard normal distribution and its density."""
    distribution = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x.ravel()]).reshape(x.shape)
    near = np.clip(x, -40.0, 40.0)
    density = np.exp(-near * near / 2) / math.sqrt(2 * math.pi)
    return x * distribution, lambda gradient: gradient * (distribution + x * density)


@activation_oracle("gelu_tanh")
def gelu_tanh(x: Values) -> tuple[Values, Pull]:
    """x s(2 u) with the sigmoid s and u = sqrt(2 / pi) (x + 0.044715 x ** 3), and the product rule."""
    near = np.clip(x, -30.0, 30.0)
    twice = 2 * math.sqrt(2 / math.pi) * (near + 0.044715 * near**3)
    share, rest = (np.exp(-np.logaddexp(0.0, side)) for side in (-twice, twice))
    slopes = share * rest * 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near**2)
    return x * share, lambda gradient: gradient * (share + x * slopes)


@activation_oracle("silu")
def silu(x: Values) -> tuple[Values, Pull]:
    """x s(x) with the sigmoid s; its derivative is s(x) + x s(x) s(-x)."""
    share = np.exp(-np.logaddexp(0.0, -x))
    rest = np.exp(-np.logaddexp(0.0, x))
    return x * share, lambda gradient: gradient * (share + x * share * rest)


@activation_oracle("softplus")
def softplus(x: Values) -> tuple[Values, Pull]:
    """log(exp(0) + exp(x)), with the sigmoid for its derivative."""
    output = np.logaddexp(0.0, x)
    return output, lambda gradient: gradient * np.exp(-np.logaddexp(0.0, -x))


@activation_oracle("softmax")
def softmax(x: Values) -> tuple[Values, Pull]:
    """exp(x[c]) / sum over d of exp(x[d]), along the channels."""
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    y = powers / powers.sum(axis=1, keepdims=True)
    return y, lambda gradient: y * (gradient - (gradient * y).sum(axis=1, keepdims=True))
