"""Specs in a form in which what means the same is written the same, and under the names of another spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.recipe.losses import Sum, layers_read, with_layers_read
from specnet.spec.spec import Spec

Renames = Mapping[str, str]


def canonical(spec: Spec) -> dict[str, Any]:
    """A spec's data with defaults and places written out, and without what says no more than its default.

    Every layer but an input has a `group`: one name, or a list in the order of the groups. Left out are rates
    of biases that are the optimizer's own, and the weight 1 in a sum of losses. Where it is not known where a
    layer lives, its own words stay.
    """
    data = spec.as_yaml()
    homes = _homes(spec)
    for name, layer in spec.layers.items():
        own = homes[name]
        if layer.inputs and own and set(layer.group or ()) <= set(spec.groups):
            data["layers"][name]["group"] = own[0] if len(own) == 1 else list(own)
    if isinstance(loss := spec.training.loss if spec.training else None, Sum):
        for part, written in zip(loss.of, data["training"]["loss"]["of"], strict=True):
            if part.weight == 1:
                del written["weight"]
    optimizer = data.get("training", {}).get("optimizer", {})
    if "biases" in optimizer:
        kept = {key: value for key, value in optimizer["biases"].items() if value != optimizer[key]}
        optimizer.pop("biases")
        optimizer.update({"biases": kept} if kept else {})
    return data


def _homes(spec: Spec) -> dict[str, tuple[str, ...] | None]:
    """The groups of each layer, in group order; None where they depend on themselves or on nothing known."""
    homes: dict[str, tuple[str, ...] | None] = {}
    for name in spec.layers:
        chain: list[str] = []
        while name in spec.layers and name not in homes:
            homes[name] = None
            layer = spec.layers[name]
            if layer.group is not None or layer.is_input or not layer.inputs:
                named = set(spec.groups if layer.group is None else layer.group)
                homes[name] = tuple(group for group in spec.groups if group in named)
                break
            chain.append(name)
            name = layer.inputs[0]
        for follower in reversed(chain):
            homes[follower] = homes.get(name)
    return homes


def renamed_groups(before: Spec, after: Spec) -> dict[str, str]:
    """New names of groups by their old ones: those that stand in the same place, each in one spec only."""
    if len(before.groups) != len(after.groups):
        return {}
    pairs = zip(before.groups, after.groups, strict=True)
    return {a: b for a, b in pairs if a not in after.groups and b not in before.groups}


def with_layers(data: dict[str, Any], names: Renames) -> dict[str, Any]:
    """A resolved spec's data with layers renamed, where they stand and wherever they are read."""
    if not names:
        return data
    layers = {names.get(name, name): renamed_in(layer, names) for name, layer in data["layers"].items()}
    made = {**data, "layers": layers}
    if "training" in data:
        read = {key: _renamed(value, names) for key, value in layers_read(data["training"]).items()}
        training = with_layers_read(data["training"], read)
        if "frozen" in training:  # a pattern has a sign that no name has
            training["frozen"] = _renamed(training["frozen"], names)
        optimizer = training.get("optimizer", {})
        if optimizer.get("rates"):
            rates = [
                {**entry, "layers": _renamed(entry["layers"], names)} if "layers" in entry else entry
                for entry in optimizer["rates"]
            ]
            training["optimizer"] = {**optimizer, "rates": rates}
        made["training"] = training
    return made


def renamed_in(layer: dict[str, Any], names: Renames) -> dict[str, Any]:
    """A layer's data with what it reads under other names."""
    return {**layer, "from": _renamed(layer["from"], names)} if "from" in layer else layer


def _renamed(value: Any, names: Renames) -> Any:
    """A name, or each name of a list, under its new name."""
    if isinstance(value, list):
        return [names.get(name, name) for name in value]
    return names.get(value, value)
