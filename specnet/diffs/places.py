"""Where layers live in two specs, and what merely follows from where others do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from specnet.diffs.change import Change
from specnet.diffs.side import Side

Host = tuple[str, str]
"""A change that others come along with, by its operation or field and its layer."""


def moved(
    old: Side, new: Side, origins: Mapping[str, str], is_told: Callable[[Host], bool]
) -> tuple[dict[str, Change], list[tuple[Host, Change]]]:
    """The changes of place that are made, by layer, and those that come along with another change.

    `origins` are old names by new ones. A layer that lives where its first input does, in both, moves along
    with that. `is_told` says whether there is a change of that kind for a layer.
    """
    own: dict[str, Change] = {}
    along: list[tuple[Host, Change]] = []
    hosts: dict[str, Host] = {}
    for name in new.below:
        origin = origins.get(name)
        if origin is None:
            continue
        was, now = old.place(origin), new.place(name)
        if was == now:
            continue
        change = Change("change", f"layers.{name}.group", was, now, name)
        host = _host(old, new, name, origin, hosts, is_told)
        if host is None and _are_the_same(was, now):
            host = ("groups", "")
        if host is None:
            own[name] = change
            hosts[name] = ("group", name)
        else:
            along.append((host, change))
            hosts[name] = host
    for name, origin in origins.items():
        if old.layer(origin).get("cross_group") == new.layer(name).get("cross_group"):
            continue
        forms = [n for n in new.reads[name] if n in new.layers and new.layers[n].passes_on]
        forms += [n for n in old.reads[origin] if n in old.layers and old.layers[n].passes_on]
        if not forms and not (old.is_whole(origin) and new.is_whole(name)):
            continue
        near = (name, *new.reads[name])
        host = next((hosts[n] for n in near if n in hosts), None)
        told = [(kind, n) for kind in ("from", "add") for n in near if is_told((kind, n))]
        told += [("remove", n) for n in old.reads[origin] if is_told(("remove", n))]
        host = next(iter(told), None) if host is None else host
        if host is not None:
            sides = (old.layer(origin).get("cross_group"), new.layer(name).get("cross_group"))
            along.append((host, Change("change", f"layers.{name}.cross_group", *sides, name)))
    return own, along


def _are_the_same(was: object, now: object) -> bool:
    """Whether these are the same groups in another order, which is that of all groups."""
    return isinstance(was, list) and isinstance(now, list) and sorted(was) == sorted(now)


def _host(
    old: Side,
    new: Side,
    name: str,
    origin: str,
    hosts: Mapping[str, Host],
    is_told: Callable[[Host], bool],
) -> Host | None:
    """The change that a layer moves along with; None if it is moved itself."""
    if not (old.follows(origin) and new.follows(name)):
        return None
    first = new.reads[name][0]
    if first in hosts:
        return hosts[first]
    last = old.reads[origin][0]
    near = ("add", first), ("remove", last), ("from", name)
    found = next((host for host in near if is_told(host)), None)
    return found or (("groups", "") if old.spec.groups != new.spec.groups else None)
