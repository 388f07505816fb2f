"""Oracles of the optimizers."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import Any

import numpy as np

from specnet.recipe.adaptive_optimizers import Adagrad, Adam, AdamW, RMSprop
from specnet.recipe.optimizers import SGD, Optimizer
from specnet.testing.oracles.base import Slots, Values, optimizer_oracle


@optimizer_oracle("sgd")
def _sgd(
    rule: SGD, w: Values, slots: Slots, gradient: Values, rate: float, decay: float
) -> tuple[Values, dict[str, Values]]:
    """Nesterov's step is one more of the same velocity from where the gradient was taken."""
    if rule.rate == "inside":
        after, velocity = sgd(w, slots["velocity"], gradient, rate, rule.momentum, decay)
        ahead, _ = sgd(w, velocity, gradient + decay * w, rate, rule.momentum, 0.0)
        return (ahead if rule.nesterov else after), {"velocity": velocity}
    full = gradient + decay * w
    sums = full + rule.momentum * slots["gradients"]
    return w - rate * (full + rule.momentum * sums if rule.nesterov else sums), {"gradients": sums}


@optimizer_oracle("adagrad")
def _adagrad(
    rule: Adagrad, w: Values, slots: Slots, gradient: Values, rate: float, decay: float
) -> tuple[Values, dict[str, Values]]:
    after, squares = adagrad(w, slots["squares"], gradient, rate, rule.epsilon, decay)
    return after, {"squares": squares}


@optimizer_oracle("rmsprop")
def _rmsprop(
    rule: RMSprop, w: Values, slots: Slots, gradient: Values, rate: float, decay: float
) -> tuple[Values, dict[str, Values]]:
    """Hinton 2012, lecture 6e, and Graves 2013: the gradient over its root mean square or its deviation."""
    full = gradient + decay * w
    after = {"squares": mixed(slots["squares"], full**2, rule.rho)}
    variance = after["squares"]
    if rule.centered:
        after["means"] = mixed(slots["means"], full, rule.rho)
        variance = np.maximum(0, variance - after["means"] ** 2)
    step = full / (variance**0.5 + rule.epsilon)
    if rule.momentum:
        step = after["velocity"] = rule.momentum * slots["velocity"] + step
    return w - rate * step, after


@optimizer_oracle("adam")
def _adam(
    rule: Adam, w: Values, slots: Slots, gradient: Values, rate: float, decay: float
) -> tuple[Values, dict[str, Values]]:
    return _moments(rule, w, slots, gradient + decay * w, rate)


@optimizer_oracle("adamw")
def _adamw(
    rule: AdamW, w: Values, slots: Slots, gradient: Values, rate: float, decay: float
) -> tuple[Values, dict[str, Values]]:
    after, kept = _moments(rule, w, slots, gradient, rate)
    return after - rate * decay * w, kept


def _moments(
    rule: Adam | AdamW, w: Values, slots: Slots, full: Values, rate: float
) -> tuple[Values, dict[str, Values]]:
    """Kingma and Ba 2015 in the order of the end of their section 2: one factor for both corrections, which
    epsilon, as it is in algorithm 1, takes along."""
    after = {
        "steps": np.asarray(slots["steps"] + 1),
        "means": mixed(slots["means"], full, rule.beta1),
        "squares": mixed(slots["squares"], full**2, rule.beta2),
    }
    squares = after["squares"]
    if rule.amsgrad:
        squares = after["largest"] = np.where(squares > slots["largest"], squares, slots["largest"])
    t = float(after["steps"])
    root = np.sqrt(1 - rule.beta2**t)
    step = rate * root / (1 - rule.beta1**t)
    return w - step * after["means"] / (np.sqrt(squares) + rule.epsilon * root), after


def mixed(before: Values, now: Values, share: float) -> Values:
    """A running mean of which `share` stays."""
    return now + share * (before - now)


def told(rule: Optimizer, layer: str, role: str) -> tuple[float, float, float | None]:
    """The rate at the start, the decay and the longest norm of a layer's parameters: for each, the last entry
    that says it of them, else `biases`, else the optimizer itself."""
    entries = [
        entry
        for entry in reversed(rule.rates or [])
        if any(re.fullmatch(translate(pattern), layer) for pattern in entry.layers or ["*"])
        and role in (entry.role or [role])
    ]
    sources: list[Any] = [*entries, *([rule.biases] if role == "bias" else []), rule]
    rate, decay, longest = (
        next((v for v in (getattr(source, word, None) for source in sources) if v is not None), None)
        for word in ("learning_rate", "weight_decay", "max_norm")
    )
    assert rate is not None
    assert decay is not None
    return rate, decay, longest


def clipped(gradient: Values, everything: Values, longest: float) -> Values:
    """One gradient's part of `everything`, the gradient as one vector, if that is cut to the norm `longest`.

    Pascanu et al. 2013, algorithm 1: where the norm is above the threshold, g <- threshold / norm * g.
    """
    norm = float(np.linalg.norm(everything))
    return gradient if norm <= longest else longest / norm * gradient


def shortened(w: Values, longest: float | None) -> Values:
    """A parameter whose units' weights are cut to the norm `longest`, each by itself (Srivastava et al. 2014,
    section 5.1)."""
    if longest is None or w.ndim < 2:
        return w
    return np.stack([unit * min(1.0, longest / (np.linalg.norm(unit) or 1.0)) for unit in w])


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
