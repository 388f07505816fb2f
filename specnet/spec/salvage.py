"""What is sound in an invalid spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from specnet.diagnostics.suggestions import mistyped, nearest
from specnet.layers.base import Layer
from specnet.spec.spec import DEFAULT_GROUP, MAX_GROUPS, MAX_UNSOUND, NAME, Spec, _layer


class SoundParts(NamedTuple):
    """What is sound in an invalid spec, so that one mistyped key does not hide a wrong edge elsewhere."""

    layers: dict[str, Layer | None]
    """A layer that is not sound itself is a plain `Layer` if its edges are known, else None."""
    groups: tuple[str, ...] | None
    """None if they are not known."""
    recipe: Any
    misnamed: tuple[str, ...]
    """Keys with findings of their own that may have been meant to name a layer."""


def salvage(data: Mapping[str, Any]) -> SoundParts:
    """The parts of an invalid spec, each taken by itself."""
    raw = data.get("layers")
    layers: dict[str, Layer | None] = {}
    left = MAX_UNSOUND
    for name, value in raw.items() if isinstance(raw, dict) else ():
        try:
            layers[name] = _layer(value) if left else None
        except (ValidationError, ValueError):
            layers[name] = _edges(value)
            left -= 1
    unknown = [key for key in data if key not in Spec.model_fields]
    bad_names = [name for name in layers if not NAME.fullmatch(name)]
    lost = isinstance(raw, dict) or "layers" not in data or any(nearest(key, ["layers"]) for key in unknown)
    return SoundParts(
        layers=layers,
        groups=None if any(nearest(key, ["groups"]) for key in unknown) else _groups(data),
        recipe=data.get("training") if lost and layers else None,
        misnamed=(*unknown, *bad_names)[:50],
    )


def _edges(value: Any) -> Layer | None:
    """A layer of which only its edges and groups are known; None where not even its inputs are."""
    if (
        not isinstance(value, dict)
        or "from" not in value
        or mistyped(str(value.get("kind"))[:100], ["input"])
    ):
        return None
    common = {key: value[key] for key in Layer.keys() if key in value}  # noqa: SIM118 - no mapping's keys
    common["kind"] = ""
    try:
        return Layer.model_validate(common)
    except ValidationError as error:
        wrong = {e["loc"][0] for e in error.errors(include_url=False) if e["loc"]}
    if "from" in wrong:
        return None
    return Layer.model_validate({key: part for key, part in common.items() if key not in wrong})


def _groups(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    groups = data.get("groups", DEFAULT_GROUP)
    names = [groups] if isinstance(groups, str) else groups
    if not isinstance(names, list) or not all(isinstance(n, str) and NAME.fullmatch(n) for n in names):
        return None
    return tuple(names) if 0 < len(set(names)) == len(names) <= MAX_GROUPS else None
