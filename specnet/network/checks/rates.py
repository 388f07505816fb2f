"""Whether every entry of the optimizer's `rates` is about something, and none in vain."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import suggestion, surely_named
from specnet.layers.base import Weight
from specnet.network.checks.unfit import are_too_many, at, report_unfit
from specnet.network.partial import PartialNetwork
from specnet.network.sink import Sink
from specnet.recipe.patterns import fitted_by, is_pattern
from specnet.recipe.rates import SETTINGS, bounds
from specnet.syntax.document import Path_

OTHER_ROLES = {
    **dict.fromkeys(("gamma", "scale", "kernel", "weights", "w"), "weight"),
    **dict.fromkeys(("beta", "shift", "offset", "biases", "b"), "bias"),
}
"""What other frameworks call the roles."""
SHOWN = 4
"""Patterns that a message names."""
Parameters = Mapping[str, Mapping[str, Weight]]
"""What may be trained, by layer and role."""


class Entry(NamedTuple):
    """One entry of `rates`, as far as it is sound, or `biases`: its place, for what and what it says."""

    path: Path_
    layers: tuple[str, ...] | None
    roles: tuple[str, ...] | None
    said: frozenset[str]


def check_rates(recipe: Mapping[str, Any], network: PartialNetwork, sink: Sink) -> None:
    """Patterns that fit no layer, roles that nobody has, and entries that change nothing."""
    entries = list(_entries(recipe))
    if not entries or are_too_many(recipe, len(network.parts.layers)):
        return
    layers, parameters = network.parts.layers, _parameters(network)
    is_known = len(network.shapes.certain) == len(layers)
    are_sound, fitted = True, [_fitted(entry, parameters) for entry in entries]
    for entry, own in zip(entries, fitted, strict=True):
        if not _fits_layers(entry, network, sink) or (is_known and not _fits_roles(entry, own, sink)):
            are_sound = False
    if is_known and are_sound and network.parts.training is not None:
        trained = {
            (node.layer, role) for node, share in network.sound_shares().items() for role in share.trained()
        }
        _check_effects(entries, fitted, trained, sink)


def _entries(recipe: Mapping[str, Any]) -> Iterator[Entry]:
    optimizer = recipe.get("optimizer")
    if not isinstance(optimizer, Mapping):
        return
    place: Path_ = ("training", "optimizer")
    biases, rates = optimizer.get("biases"), optimizer.get("rates")
    if isinstance(biases, Mapping):
        yield Entry((*place, "biases"), None, ("bias",), frozenset(biases).intersection(SETTINGS))
    for index, entry in enumerate(rates if isinstance(rates, list) else ()):
        if isinstance(entry, Mapping):
            said = frozenset(key for key in SETTINGS if entry.get(key) is not None)
            layers, roles = _names(entry.get("layers")), _names(entry.get("role"))
            if layers is None or all(map(is_pattern, layers)):
                yield Entry((*place, "rates", index), layers, roles, said)


def _names(value: Any) -> tuple[str, ...] | None:
    listed = value if isinstance(value, list) else [value]
    return None if value is None else tuple(name for name in listed if isinstance(name, str))


def _parameters(network: PartialNetwork) -> Parameters:
    """Frozen ones, too. That of one group where a layer lies on several."""
    made: dict[str, dict[str, Weight]] = {}
    for node, share in network.sound_shares().items():
        own = {role: weight for role, weight in share.parameters().items() if weight.trainable}
        if own:
            made.setdefault(node.layer, {}).update(own)
    return made


def _fitted(entry: Entry, parameters: Parameters) -> Parameters:
    """The parameters of the layers that an entry is for, whatever their role."""
    if entry.layers is None:
        return parameters
    names = (name for pattern in entry.layers for name in fitted_by(pattern, parameters))
    return {name: parameters[name] for name in names}


def _fits_layers(entry: Entry, network: PartialNetwork, sink: Sink) -> bool:
    """Whether each of its patterns fits a layer. Nothing is said of one that may be for a misspelt name."""
    layers, patterns = network.parts.layers, entry.layers or ()
    lost = [index for index, pattern in enumerate(patterns) if not any(fitted_by(pattern, layers))]
    for index in lost:
        place = (*entry.path, "layers")
        report_unfit(rules.RATE_OF_NOTHING, "rates", place, patterns, index, layers, network, sink)
    return not lost


def _fits_roles(entry: Entry, fitted: Parameters, sink: Sink) -> bool:
    """Whether some of its layers have each of its roles, where they have anything to train."""
    own = list(dict.fromkeys(role for roles in fitted.values() for role in roles))
    if entry.path[-1] == "biases" or not own:
        return True
    roles = entry.roles or ()
    missing = [role for role in roles if role not in own]
    for role in missing:
        other = OTHER_ROLES.get(role.lower())
        meant = other if other in own else surely_named(role, own)
        hint = f"did you mean '{meant}'?" if meant else suggestion(role, own, noun="role")
        place, index = (*entry.path, "role"), roles.index(role)
        message = f"rates: {_shown(entry)} no parameter with the role '{role}'"
        fix = sink.renaming(place, index, role, meant if meant not in roles else None)
        sink.error(rules.RATE_OF_NOTHING, message, hint, at(place, index, roles), fix)
    return not missing


def _shown(entry: Entry) -> str:
    if entry.layers is None:
        return "the layers have"
    named = ", ".join(entry.layers[:SHOWN]) + (", ..." if len(entry.layers) > SHOWN else "")
    return f"{named} {'has' if len(entry.layers) == 1 else 'have'}"


def _check_effects(
    entries: Sequence[Entry],
    fitted: Sequence[Parameters],
    trained: Container[tuple[str, str]],
    sink: Sink,
) -> None:
    """A warning for each entry of which nothing holds for any parameter that is trained."""
    told: set[tuple[str, str, str]] = set()
    """What the entries behind one say, by layer, role and word."""
    vain: list[tuple[Entry, str, str]] = []
    for entry, own in zip(reversed(entries), reversed(fitted), strict=True):
        keys = [(name, role) for name, roles in own.items() for role in roles]
        named = [key for key in keys if entry.roles is None or key[1] in entry.roles]
        changed = [key for key in named if key in trained]
        bounded = [(name, role) for name, role in changed if bounds(role, own[name][role].shape)]
        said = {(*key, word) for word in entry.said for key in (bounded if word == "max_norm" else changed)}
        if said <= told and (changed or entry.path[-1] != "biases"):
            vain.append((entry, *_why_in_vain(entry, bool(named), bool(changed), bool(said))))
        told |= said
    for entry, message, hint in reversed(vain):
        sink.warn(rules.RATE_IN_VAIN, message, hint, entry.path, key=entry.path[-1] == "biases")


def _why_in_vain(entry: Entry, is_named: bool, is_changed: bool, is_said: bool) -> tuple[str, str]:
    """Why an entry changes nothing, and what to do: it names no parameters, none that are trained, or none
    of which it says anything that holds."""
    if not is_changed:
        hint = "they are frozen: name layers that are trained, or remove it"
        hint = hint if is_named else "name layers with weights, or remove it"
        return f"rates: {_shown(entry)} nothing to train, so this entry changes nothing", hint
    if not is_said:
        message = "rates: max_norm is about the weights of a unit, and this entry fits single numbers"
        return message, "name layers with weights, or leave max_norm out"
    if entry.path[-1] == "biases":
        message = "biases are told otherwise by later entries, for all parameters that it fits"
        return message, "leave biases out: rates hold before it"
    message = "rates: this entry is told otherwise by later entries, for all parameters that it fits"
    return message, "remove it, or put it behind them: the last entry that fits holds"
