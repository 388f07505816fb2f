"""Random initializers."""

from __future__ import annotations

from typing import Any

from specnet.testing.random_specs.draws import Draws

Fields = dict[str, Any]

INITIALIZERS: tuple[Fields, ...] = (
    {"kind": "normal", "std": 0.01},
    {"kind": "truncated_normal", "std": 0.1},
    {"kind": "uniform", "low": -0.05, "high": 0.1},
    {"kind": "he_normal"},
    {"kind": "he_normal", "fan": "in"},
    {"kind": "he_normal", "fan": "out"},
    {"kind": "he_uniform", "fan": "in"},
    {"kind": "he_uniform", "fan": "out"},
    {"kind": "lecun_normal"},
    {"kind": "lecun_uniform"},
    {"kind": "glorot_normal"},
    {"kind": "glorot_uniform"},
    {"kind": "orthogonal"},
    {"kind": "orthogonal", "gain": 0.5},
    {"kind": "constant", "value": 0.1},
)


def random_initializer(draw: Draws, probability: float) -> Fields | None:
    """An initializer with that probability, else none."""
    return dict(draw.among(*INITIALIZERS)) if draw.chance(probability) else None
