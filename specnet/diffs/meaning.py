"""What a layer comes to, whichever of several ways to write it a spec has chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from specnet.layers.base import Layer, LayerError, Shape
from specnet.spec.spec import Spec

UNMEANT = frozenset({"from_", "group", "cross_group"})
"""Fields that say where a layer stands."""


def meaning(layer: Layer, inputs: Sequence[Shape], spec: Spec) -> dict[str, Any]:
    """A share's fields in their normal form, its initializer the recipe's where it has none of its own.

    `layer` is as one of its groups holds it, frozen if the recipe freezes it. Fields that are there to be
    checked are left out.
    """
    meant = computes(layer, inputs)
    names = layer.initial_fields - set(layer.checked_shapes.values())
    meant |= {name: getattr(layer, name) for name in names}
    if "weights" in names and meant["weights"] is None and spec.training is not None:
        meant["weights"] = spec.training.weights
    return meant


def follows_recipe(layer: Layer, spec: Spec) -> bool:
    """Whether a layer's weights start as the recipe has it, said or unsaid."""
    own = getattr(layer, "weights", None)
    return own is None or (spec.training is not None and own == spec.training.weights)


def computes(layer: Layer, inputs: Sequence[Shape]) -> dict[str, Any]:
    """That part of a share's meaning that its outputs depend on, once its parameters have their values."""
    unmeant = UNMEANT | layer.initial_fields | set(layer.checked_shapes.values())
    fields = {name: getattr(layer, name) for name in type(layer).model_fields if name not in unmeant}
    try:
        return {**fields, **layer.normal_form(*inputs)}
    except LayerError:
        return fields


def is_neutral(field: str, value: Any, layer: Layer, inputs: Sequence[Shape], spec: Spec) -> bool:
    """Whether a share means the same with another value in one of its fields."""
    other = layer.model_copy(update={field: value})
    return meaning(other, inputs, spec) == meaning(layer, inputs, spec)
