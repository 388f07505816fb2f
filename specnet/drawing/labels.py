"""What stands in a box: a layer's key numbers, and amounts that are short enough for a picture."""

from __future__ import annotations

from typing import Any

from specnet.layers.base import Layer
from specnet.layers.functions import ActivationFunction
from specnet.syntax.emit import written
from specnet.text import describe

ELSEWHERE = {"kind", "from_", "group", "cross_group", "activation", "function", "bias", "weights", "shape"}
"""Fields that a picture shows in another way, or only when asked."""


def amount(count: int) -> str:
    """A count in at most four figures: `1,000`, `34.9 K`, `61.0 M`."""
    if count < 10_000:
        return f"{count:,}"
    for unit, size in (("K", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12)):
        if count < 999.95 * size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.1e}"


def amounts(parameters: int, macs: int) -> str:
    """Parameters and multiply-accumulates in one line; empty if there are neither."""
    parts = [(parameters, "parameters"), (macs, "MACs")]
    return " · ".join(f"{amount(count)} {noun}" for count, noun in parts if count)


def tag(layer: Layer) -> str:
    """The kind, and the function that the layer applies: `conv · relu`."""
    function = getattr(layer, "activation", None) or getattr(layer, "function", None)
    return f"{layer.kind} · {function.kind}" if isinstance(function, ActivationFunction) else layer.kind


def key_numbers(layer: Layer) -> str:
    """The settings that differ from their defaults: `48 filters · 11x11 · stride 4 · ceil`."""
    values = layer.as_yaml()
    phrases: list[tuple[int, str]] = []
    for name, info in type(layer).model_fields.items():
        key = info.alias or name
        if name in ELSEWHERE or key not in values:
            continue
        if info.is_required() or getattr(layer, name) != _default(layer, name):
            phrases.append((ORDER.get(key, 9), phrase(key, values[key])))
    return " · ".join(text for _, text in sorted(phrases, key=lambda entry: entry[0]))


ORDER = {"filters": 0, "units": 0, "kernel": 1, "stride": 2, "padding": 3, "rounding": 4}


def _default(layer: Layer, name: str) -> Any:
    info = type(layer).model_fields[name]
    return info.get_default(call_default_factory=True, validated_data=vars(layer))


def phrase(key: str, value: Any) -> str:
    """One setting in as few words as make sense."""
    if key == "trainable":
        return "frozen"
    if key in ("filters", "units"):
        return f"{value:,} {key}"
    if key == "kernel":
        return describe(value if isinstance(value, list) else (value, value))
    if key == "rounding":
        return str(value)
    if isinstance(value, float) and not value.is_integer() and abs(value) < 0.01:
        mantissa, _, exponent = f"{value:.6e}".partition("e")
        return f"{key} {mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{'pad' if key == 'padding' else key} {written(value)}"
