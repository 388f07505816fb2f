"""Random optimizers and schedules for a random network: its first layer is `conv1`, the last one `logits`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specnet.testing.random_specs.draws import Draws

Fields = dict[str, Any]

SCHEDULES: tuple[Fields, ...] = (
    {"kind": "constant"},
    {"kind": "step", "factor": 0.5, "every": 1},
    {"kind": "multistep", "factor": 0.5, "at": [1]},
    {"kind": "inverse_time", "decay": 0.5},
    {"kind": "cosine", "over": 4, "factor": 0.1},
    {"kind": "linear", "over": 4},
    {"kind": "polynomial", "over": 4, "power": 2},
    {"kind": "exponential", "factor": 0.5, "every": 3},
    {"kind": "inv", "gamma": 0.5, "power": 0.75},
    {"kind": "plateau", "factor": 0.5, "times": 3},
)
"""Each changes the rate from step to step, if it counts any."""

SMALLEST = 1e-3
"""The least epsilon. What divides a gradient by its own size makes steps of rounding errors where the
gradient is 0 but for these, and programs that agree would seem not to."""


def random_recipe(seed: int) -> Fields:
    """`optimizer` and `schedule` of a training section, a pure function of the seed."""
    draw = Draws(seed, "random optimizer")
    kind = draw.among(*OPTIMIZERS)
    optimizer = {
        "kind": kind,
        "learning_rate": draw.among(0.05, 0.01),
        **OPTIMIZERS[kind](draw),
        "weight_decay": draw.among(0, 0.001, 0.1),
        "biases": draw.among(None, None, {"learning_rate": 0.02}, {"learning_rate": 0.1, "weight_decay": 0}),
        "rates": _rates(draw) or None,
        "clip_norm": draw.among(None, 0.5, 5),
    }
    schedule = dict(draw.among(*SCHEDULES))
    if schedule["kind"] not in ("constant", "plateau"):
        schedule["unit"] = "step"
    if schedule["kind"] != "plateau" and draw.chance(0.3):
        schedule["warmup"] = {"over": 1, "unit": "step", "from": 0.5}
    return {"optimizer": {k: v for k, v in optimizer.items() if v is not None}, "schedule": schedule}


def _rates(draw: Draws) -> list[Fields]:
    """Entries for layers that there are and the one role that they all have."""
    entries = [
        {"layers": "conv*", "role": "weight", "learning_rate": draw.among(0, 0.02, 0.1)},
        {"layers": "logits", "max_norm": draw.among(0.3, 0.9)},
        {"layers": ["conv1", "logit?"], "weight_decay": draw.among(0, 0.2)},
        {"role": "weight", "learning_rate": 0.03, "max_norm": 0.8},
    ]
    return draw.shuffled([entry for entry in entries if draw.chance(0.3)])


def _sgd(draw: Draws) -> Fields:
    momentum = draw.among(0, 0.5, 0.9)
    return {
        "momentum": momentum,
        "nesterov": momentum > 0 and draw.chance(0.5),
        "rate": draw.among("inside", "outside"),
    }


def _adam(draw: Draws) -> Fields:
    return {
        "beta1": draw.among(0, 0.9),
        "beta2": draw.among(0.5, 0.999),
        "epsilon": draw.among(SMALLEST, 0.1),
        "amsgrad": draw.chance(0.3),
    }


def _rmsprop(draw: Draws) -> Fields:
    return {
        "rho": draw.among(0.5, 0.9, 0.99),
        "epsilon": draw.among(SMALLEST, 0.1),
        "momentum": draw.among(0, 0.9),
        "centered": draw.chance(0.5),
    }


def _adagrad(draw: Draws) -> Fields:
    return {"epsilon": draw.among(SMALLEST, 0.1)}


OPTIMIZERS: dict[str, Callable[[Draws], Fields]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adam,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
}
"""The options of each kind."""
