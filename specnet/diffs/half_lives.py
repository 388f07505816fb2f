"""After how many steps half of what an optimizer holds is gone, if no gradient adds to it."""

from __future__ import annotations

import math

from specnet.recipe.adaptive_optimizers import Adam, AdamW, RMSprop
from specnet.recipe.optimizers import SGD, Optimizer

HalfLives = dict[str, float]
"""Steps by the option of the optimizer that they follow from. What has no half-life is not in it."""


def half_lives(optimizer: Optimizer) -> HalfLives:
    """The half-lives of an optimizer, at its own learning rate and weight decay.

    - `momentum` of sgd and rmsprop, `rho` of rmsprop, `beta1` and `beta2` of adam and adamw: `fading`.
    - `weight_decay` of sgd: `shrinking_with_momentum`; of adamw: `shrinking`.

    adagrad forgets nothing. In adagrad, rmsprop and adam the decay is a part of the gradient, which is
    divided by its own size, so a weight does not shrink by a fixed part of itself (Loshchilov and Hutter
    2019, section 2): there is no half-life. None is known of other kinds.
    """
    found: dict[str, float | None] = {}
    pull = optimizer.learning_rate * optimizer.weight_decay
    if type(optimizer) is SGD:
        decay = shrinking_with_momentum(pull, optimizer.momentum, nesterov=optimizer.nesterov)
        found = {"momentum": fading(optimizer.momentum), "weight_decay": decay}
    elif type(optimizer) is RMSprop:
        found = {"momentum": fading(optimizer.momentum), "rho": fading(optimizer.rho)}
    elif type(optimizer) is Adam or type(optimizer) is AdamW:
        found = {"beta1": fading(optimizer.beta1), "beta2": fading(optimizer.beta2)}
        found |= {"weight_decay": shrinking(pull)} if type(optimizer) is AdamW else {}
    return {option: steps for option, steps in found.items() if steps is not None}


def fading(fraction: float) -> float | None:
    """ln 2 / -ln m: after n steps m^n is left of what every step multiplies by m. None for 0."""
    return _steps(math.log(fraction)) if fraction else None


def shrinking(pull: float) -> float | None:
    """ln 2 / -ln(1 - pull), where every step takes pull = rate * decay times a weight from it (Loshchilov and
    Hutter 2019, algorithm 2). None where it does not fall, or is 0 at once."""
    return _steps(math.log1p(-pull)) if pull < 1 else None


def shrinking_with_momentum(pull: float, momentum: float, *, nesterov: bool) -> float | None:
    """The half-life of a weight that sgd pulls to 0 by pull = rate * decay, once it falls evenly.

    Without gradients v <- m v - pull w; w <- w + v, and with `rate: outside`, at a rate that stays, the same
    in other units. That is w[t+1] = (1 + m - pull) w[t] - m w[t-1], which falls as a power of the larger root
    x of x^2 - (1 + m - pull) x + m (Polyak 1964; Goh 2017, "Why Momentum Really Works"), with Nesterov of
    x^2 - (1 + m - pull (1 + m)) x + m (1 - pull). The half-life is ln 2 / -ln |x|, about ln 2 (1 - m) / pull.
    None where it does not fall, or is 0 at once.
    """
    # y = 1 - x, as x is too near to 1: y^2 - middle y + pull.
    middle = 1 - momentum + pull * (1 + momentum * nesterov)
    inside = middle * middle - 4 * pull
    if inside < 0:  # a pair of complex roots, of whose product this is the root
        size = math.sqrt(momentum * (1 - pull * nesterov))
        return _steps(math.log(size))
    large = (middle + math.sqrt(inside)) / 2
    small = pull / large
    if large - 1 > abs(1 - small):
        return _steps(math.log(large - 1))
    return _steps(math.log1p(-small)) if small < 1 else None


def _steps(log: float) -> float | None:
    return math.log(2) / -log if log < 0 else None
