"""Fields that a layer leaves to their defaults, where these follow from other fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from specnet.diffs.change import Change
from specnet.layers.base import Layer


def along_with_their_origins(before: Layer, after: Layer, told: Sequence[Change]) -> list[Change]:
    """The changes of a layer. That of a field which has its default on both sides comes along with that
    which the default follows from: the stride of a pool with its kernel."""
    if len(told) < 2:
        return list(told)
    followers = {c.field for c in told if all(_is_default(layer, c.field) for layer in (before, after))}
    leaders = [change for change in told if change.field not in followers]
    hosts: dict[str, Change] = {}
    for field in followers:
        host = next((other for other in leaders if _follows(before, after, field, other.field)), None)
        if host is not None:
            hosts[field] = host
    led = {host.field: [c for c in told if hosts.get(c.field) is host] for host in hosts.values()}
    left = [change for change in told if change.field not in hosts]
    return [replace(c, along=(*c.along, *led[c.field])) if c.field in led else c for c in left]


def _is_default(layer: Layer, field: str) -> bool:
    info = type(layer).model_fields.get(field)
    is_made = info is not None and info.default_factory_takes_validated_data
    return bool(is_made) and getattr(layer, field) == _default(layer, field)


def _default(layer: Layer, field: str) -> object:
    info = type(layer).model_fields[field]
    return info.get_default(call_default_factory=True, validated_data=vars(layer))


def _follows(before: Layer, after: Layer, field: str, other: str) -> bool:
    """Whether the default of a field is another one for what another field was."""
    if other not in type(after).model_fields:
        return False
    was = after.model_copy(update={other: getattr(before, other)})
    return _default(was, field) != _default(after, field)
