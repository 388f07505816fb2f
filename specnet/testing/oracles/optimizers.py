"""Oracles of the optimizers."""

from __future__ import annotations

import numpy as np

from specnet.recipe.optimizers import SGD, Adagrad
from specnet.testing.oracles.base import Slots, Values, optimizer_oracle


@optimizer_oracle("sgd")
def _sgd(
    rule: SGD, w: Values, slots: Slots, gradient: Values, rate: float, decay: float
) -> tuple[Values, dict[str, Values]]:
    after, velocity = sgd(w, slots["velocity"], gradient, rate, rule.momentum, decay)
    return after, {"velocity": velocity}


@optimizer_oracle("adagrad")
def _adagrad(
    rule: Adagrad, w: Values, slots: Slots, gradient: Values, rate: float, decay: float
) -> tuple[Values, dict[str, Values]]:
    after, squares = adagrad(w, slots["squares"], gradient, rate, rule.epsilon, decay)
    return after, {"squares": squares}


def clipped(gradient: Values, everything: Values, longest: float) -> Values:
    """One gradient's part of `everything`, the gradient as one vector, if that is cut to the norm `longest`.

    Pascanu et al. 2013, algorithm 1: where the norm is above the threshold, g <- threshold / norm * g.
    """
    norm = float(np.linalg.norm(everything))
    return gradient if norm <= longest else longest / norm * gradient


def sgd(
    w: Values, v: Values, gradient: Values, learning_rate: float, momentum: float, decay: float
) -> tuple[Values, Values]:
    """The weight and the velocity after one step (Krizhevsky et al. 2012, section 5).

    v' = momentum * v - decay * learning_rate * w - learning_rate * gradient; w' = w + v'.
    """
    after = momentum * v - decay * learning_rate * w - learning_rate * gradient
    return w + after, after


def adagrad(
    w: Values, squares: Values, gradient: Values, learning_rate: float, epsilon: float, decay: float
) -> tuple[Values, Values]:
    """The weight and the summed squares after one step (Duchi et al. 2011, figure 1, diagonal matrices)."""
    full = gradient + decay * w
    after = np.hypot(np.sqrt(squares), full) ** 2
    return w - learning_rate / (after**0.5 + epsilon) * full, after
