"""Random optimizers, schedules and initial values for a random network whose last layer is `logits`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specnet.testing.random_specs.draws import Draws
from specnet.testing.random_specs.initializers import random_initializer

Fields = dict[str, Any]

SMALLEST = 1e-3
"""The least epsilon. What divides a gradient by its own size makes steps of rounding errors where the
gradient is 0 but for these, and programs that agree would seem not to."""


def random_recipe(seed: int, first: str = "conv1") -> Fields:
    """What of a training section is about neither images nor answers, a pure function of the seed and of the
    name of the network's first layer."""
    draw = Draws(seed, "random optimizer")
    kind = draw.among(*OPTIMIZERS)
    optimizer = {
        "kind": kind,
        "learning_rate": draw.among(0.05, 0.01),
        **OPTIMIZERS[kind](draw),
        "weight_decay": draw.among(0, 0.001, 0.1),
        "biases": draw.among(None, None, {"learning_rate": 0.02}, {"learning_rate": 0.1, "weight_decay": 0}),
        "rates": _rates(draw, first) or None,
        "clip_norm": draw.among(None, 0.5, 5),
    }
    chosen = {
        "optimizer": {k: v for k, v in optimizer.items() if v is not None},
        "schedule": _schedule(draw),
        "weights": random_initializer(draw, 0.5),
        "batch_size": draw.among(None, 2, 5, 64),
        "epochs": draw.among(None, 1, 3),
    }
    return {key: value for key, value in chosen.items() if value is not None}


def _rates(draw: Draws, first: str) -> list[Fields]:
    """Entries for layers that there are and the one role that they all have."""
    entries = [
        {"layers": f"{first[:3]}*", "role": "weight", "learning_rate": draw.among(0, 0.02, 0.1)},
        {"layers": "logits", "max_norm": draw.among(0.3, 0.9)},
        {"layers": [first, "logit?"], "weight_decay": draw.among(0, 0.2)},
        {"role": "weight", "learning_rate": 0.03, "max_norm": 0.8},
    ]
    return draw.shuffled([entry for entry in entries if draw.chance(0.3)])


def _schedule(draw: Draws) -> Fields:
    kind = draw.among(*SCHEDULES)
    schedule = {"kind": kind, **SCHEDULES[kind](draw)}
    if kind not in ("constant", "plateau"):
        schedule["unit"] = draw.among("step", "step", "step", "epoch")
    if draw.chance(0.3):
        counted = "epoch" if kind == "plateau" else schedule.get("unit", draw.among("step", "epoch"))
        schedule["warmup"] = {"over": draw.between(1, 2), "unit": counted, "from": draw.among(0.1, 0.5)}
    return schedule


def _every(draw: Draws) -> int:
    return draw.between(1, 3)


SCHEDULES: dict[str, Callable[[Draws], Fields]] = {
    "constant": lambda draw: {},
    "step": lambda draw: {"factor": 0.5, "every": draw.among(1, 1, 2)},
    "multistep": lambda draw: {"factor": 0.5, "at": draw.among([1], [1, 3])},
    "inverse_time": lambda draw: {"decay": 0.5, "every": _every(draw), "staircase": draw.chance(0.5)},
    "cosine": lambda draw: {"over": draw.between(2, 4), "factor": draw.among(0, 0.1)},
    "linear": lambda draw: {"over": draw.between(2, 4), "factor": draw.among(0, 0.1)},
    "polynomial": lambda draw: {"over": 4, "power": draw.among(0.5, 2), "factor": draw.among(0, 0.1)},
    "exponential": lambda draw: {"factor": 0.5, "every": _every(draw)},
    "inv": lambda draw: {"gamma": 0.5, "power": draw.among(0.75, 1)},
    "plateau": lambda draw: {"factor": 0.5, "times": 3, "patience": draw.between(1, 3)},
}
"""The options of each kind. Nearly all of them change the rate in the first few steps, if they count any."""


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
