"""Fillers as initial values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from specnet.convert.models.caffe.message import Message, short
from specnet.convert.models.draft import Part


@dataclass
class Filled:
    """The weights of a layer and how they start; None if its filler is none that can be said."""

    part: Part
    initializer: dict[str, Any] | None
    is_said: bool
    """Whether the net says it; Caffe's own default is the constant 0."""


def initializer(filler: Message, shape: Sequence[int]) -> dict[str, Any] | None:
    """The initial values of weights that Caffe has in these sizes; None if no kind has them.

    fan_in is the number of values over the first size, fan_out over the second (`filler.hpp`).
    """
    kind = filler.one("type", "constant")
    fan_in, fan_out = math.prod(shape[1:]), math.prod(shape) // (shape[1] if len(shape) > 1 else 1)
    norm = filler.one("variance_norm", "FAN_IN")
    if filler.one("sparse", -1) >= 0:
        return None
    match kind:
        case "constant":
            return {"kind": "constant", "value": short(filler.one("value", 0.0))}
        case "uniform":
            low, high = short(filler.one("min", 0.0)), short(filler.one("max", 1.0))
            return {"kind": "uniform", "low": low, "high": high} if low < high else None
        case "gaussian":
            return (
                None if filler.one("mean", 0.0) else {"kind": "normal", "std": short(filler.one("std", 1.0))}
            )
        case "xavier" if norm == "FAN_IN":
            return {"kind": "lecun_uniform"}
        case "xavier" if norm == "AVERAGE":
            return {"kind": "glorot_uniform"}
        case "xavier":
            bound = short(math.sqrt(3 / fan_out))
            return {"kind": "uniform", "low": -bound, "high": bound}
        case "msra" if norm == "FAN_IN":
            return {"kind": "he_normal"}
        case "msra" if norm == "FAN_OUT":
            return {"kind": "he_normal", "fan": "out"}
        case "msra":
            return {"kind": "normal", "std": short(math.sqrt(4 / (fan_in + fan_out)))}
    return None


def transposed(filler: Message, shape: Sequence[int]) -> dict[str, Any] | None:
    """The same for weights (in, out), whose first size Caffe takes for the outputs: in numbers."""
    made = initializer(filler, shape)
    if made == {"kind": "lecun_uniform"}:
        bound = short(math.sqrt(3 / math.prod(shape[1:])))
        return {"kind": "uniform", "low": -bound, "high": bound}
    if made == {"kind": "he_normal"}:
        return {"kind": "he_normal", "fan": "out"}
    return {"kind": "he_normal"} if made == {"kind": "he_normal", "fan": "out"} else made


def start(filler: Message) -> float | None:
    """The number that biases start from; None if a filler has no such number."""
    if filler.one("type", "constant") != "constant":
        return None
    return short(filler.one("value", 0.0))
