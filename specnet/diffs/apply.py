"""A spec with the changes of a diff made: what `diff --json` says is enough to get from one to the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from specnet.diffs.normal_form import with_layers

Json = Mapping[str, Any]


def applied(data: Json, diff: Json) -> dict[str, Any]:
    """A spec's data in its normal form with a diff's JSON applied: the normal form of the other spec."""
    return rewritten(changed(data, diff["changes"]), diff["rewritten"])


def changed(data: Json, changes: Iterable[Json]) -> dict[str, Any]:
    """The data with these changes, and what comes along with them. Layers are renamed before all else."""
    every = [c for change in changes for c in (change, *change.get("along", ()))]
    made: dict[str, Any] = {**data, "layers": dict(data["layers"])}
    for change in every:
        if change["op"] == "remove" and change["path"] == f"layers.{change.get('layer')}":
            made["layers"].pop(change["layer"], None)
    renames = [change for change in every if change["op"] == "rename"]
    made = _on_groups(made, _names(renames, "groups."))
    made = with_layers(made, _names(renames, "layers."))
    for change in every:
        is_gone = change["op"] == "remove" and change["path"] == f"layers.{change.get('layer')}"
        if change["op"] != "rename" and not is_gone:
            made = _with(made, change)
    return made


def rewritten(data: Json, changes: Iterable[Json]) -> dict[str, Any]:
    """The data with what is only written otherwise."""
    made = dict(data)
    for change in changes:
        made = _with(made, change)
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


def _with(data: dict[str, Any], change: Json) -> dict[str, Any]:
    """The data with one change. One of a layer that is not there is passed over: what is rewritten brings it
    along."""
    layer = change.get("layer")
    if layer is None:
        steps = change["path"].split(".")
    else:
        rest = change["path"].removeprefix(f"layers.{layer}").removeprefix(".")
        steps = ["layers", layer, *(rest.split(".") if rest else ())]
    made: dict[str, Any] = _changed(data, steps, change["after"])
    return made


def _changed(part: Any, steps: Sequence[str], after: Any) -> Any:
    """A part with another value at a path in it, None for none; the given one is left as it is."""
    if part is None:
        return None
    first: Any = int(steps[0]) if isinstance(part, list) else steps[0]
    made = part.copy()
    if len(steps) > 1:
        inner = part[first] if isinstance(part, list) else part.get(first)
        if inner is None:
            return part
        made[first] = _changed(inner, steps[1:], after)
    elif after is None:
        made.pop(first, None)
    else:
        made[first] = after
    return made
