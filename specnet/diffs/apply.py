"""A spec with the changes of a diff made: what `diff --json` says is enough to get from one to the other."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from specnet.diffs.normal_form import with_layers

Json = Mapping[str, Any]


def applied(data: Json, diff: Json) -> dict[str, Any]:
    """A spec's data in its normal form with a diff's JSON applied: the normal form of the other spec."""
    return rewritten(changed(data, diff["changes"]), diff["rewritten"])


def changed(data: Json, changes: Iterable[Json]) -> dict[str, Any]:
    """The data with these changes, and what comes along with them. Layers are renamed before all else."""
    every = [c for change in changes for c in (change, *change.get("along", ()))]
    made: dict[str, Any] = copy.deepcopy(dict(data))
    for change in every:
        if change["op"] == "remove" and change["path"] == f"layers.{change.get('layer')}":
            made["layers"].pop(change["layer"], None)
    renames = [change for change in every if change["op"] == "rename"]
    made = _on_groups(made, _names(renames, "groups."))
    made = with_layers(made, _names(renames, "layers."))
    for change in every:
        is_gone = change["op"] == "remove" and change["path"] == f"layers.{change.get('layer')}"
        if change["op"] != "rename" and not is_gone:
            _set(made, change)
    return made


def rewritten(data: Json, changes: Iterable[Json]) -> dict[str, Any]:
    """The data with what is only written otherwise."""
    made: dict[str, Any] = copy.deepcopy(dict(data))
    for change in changes:
        _set(made, change)
    return made


def _names(renames: Iterable[Json], what: str) -> dict[str, str]:
    return {change["before"]: change["after"] for change in renames if change["path"].startswith(what)}


def _on_groups(data: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    if not names:
        return data

    def named(group: Any) -> Any:
        return [named(one) for one in group] if isinstance(group, list) else names.get(group, group)

    layers = {
        name: {**layer, "group": named(layer["group"])} if "group" in layer else layer
        for name, layer in data["layers"].items()
    }
    return {**data, "groups": named(data["groups"]), "layers": layers}


def _set(data: dict[str, Any], change: Json) -> None:
    """Make one change. One of a layer that is not there is passed over: what is rewritten brings it along."""
    layer = change.get("layer")
    if layer is None:
        steps = change["path"].split(".")
    else:
        rest = change["path"].removeprefix(f"layers.{layer}").removeprefix(".")
        steps = ["layers", layer, *(rest.split(".") if rest else ())]
    part: Any = data
    for step in steps[:-1]:
        part = part[int(step)] if isinstance(part, list) else part.get(step)
        if part is None:
            return
    if change["after"] is None:
        part.pop(steps[-1], None)
    elif isinstance(part, list):
        part[int(steps[-1])] = copy.deepcopy(change["after"])
    else:
        part[steps[-1]] = copy.deepcopy(change["after"])
