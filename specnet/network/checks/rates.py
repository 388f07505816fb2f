"""Whether every entry of the optimizer's `rates` is about something, and none in vain."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import suggestion, surely_named
from specnet.layers.base import Weight
from specnet.network.checks.unfit import at, report_unfit
from specnet.network.partial import PartialNetwork
from specnet.network.sink import Sink
from specnet.recipe.patterns import fitting, is_pattern
from specnet.recipe.rates import SETTINGS, bounds, fits
from specnet.syntax.document import Path_

OTHER_ROLES = {
    **dict.fromkeys(("gamma", "scale", "kernel", "weights", "w"), "weight"),
    **dict.fromkeys(("beta", "shift", "offset", "biases", "b"), "bias"),
}
"""What other frameworks call the roles."""
SHOWN = 4
"""Patterns that a message names."""
Parameters = Mapping[tuple[str, str], Weight]
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
    if not entries:
        return
    layers, parameters = network.parts.layers, _parameters(network)
    is_known = len(network.shapes.certain) == len(layers)
    are_sound = True
    for entry in entries:
        if not _fits_layers(entry, network, sink) or (is_known and not _fits_roles(entry, parameters, sink)):
            are_sound = False
    if is_known and are_sound and network.parts.training is not None:
        trained = {
            (node.layer, role) for node, share in network.sound_shares().items() for role in share.trained()
        }
        _check_effects(entries, parameters, trained, sink)


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
    return {
        (node.layer, role): weight
        for node, share in network.sound_shares().items()
        for role, weight in share.parameters().items()
        if weight.trainable
    }


def _fits_layers(entry: Entry, network: PartialNetwork, sink: Sink) -> bool:
    """Whether each of its patterns fits a layer. Nothing is said of one that may be for a misspelt name."""
    layers, patterns = network.parts.layers, entry.layers or ()
    lost = [index for index, pattern in enumerate(patterns) if not fitting([pattern], layers)]
    for index in lost:
        place = (*entry.path, "layers")
        report_unfit(rules.RATE_OF_NOTHING, "rates", place, patterns, index, layers, network, sink)
    return not lost


def _fits_roles(entry: Entry, parameters: Parameters, sink: Sink) -> bool:
    """Whether some of its layers have each of its roles, where they have anything to train."""
    own = [role for layer, role in parameters if fits(entry.layers, None, layer, role)]
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
    entries: Sequence[Entry], parameters: Parameters, trained: Container[tuple[str, str]], sink: Sink
) -> None:
    """A warning for each entry of which nothing holds for any parameter that is trained."""
    for index, entry in enumerate(entries):
        named = [key for key in parameters if fits(entry.layers, entry.roles, *key)]
        fitted = [key for key in named if key in trained]
        bounded = [key for key in fitted if bounds(key[1], parameters[key].shape)]
        said = {word: bounded if word == "max_norm" else fitted for word in entry.said}
        holds = any(
            not any(
                word in later.said and fits(later.layers, later.roles, *key) for later in entries[index + 1 :]
            )
            for word, keys in said.items()
            for key in keys
        )
        is_biases = entry.path[-1] == "biases"
        if holds or (is_biases and not fitted):
            continue
        if not fitted:
            message = f"rates: {_shown(entry)} nothing to train, so this entry changes nothing"
            hint = "name layers with weights, or remove it"
            hint = "they are frozen: name layers that are trained, or remove it" if named else hint
        elif not any(said.values()):
            message = "rates: max_norm is about the weights of a unit, and this entry fits single numbers"
            hint = "name layers with weights, or leave max_norm out"
        else:
            what = "biases are" if is_biases else "rates: this entry is"
            message = f"{what} told otherwise by later entries, for all parameters that it fits"
            hint = "remove it, or put it behind them: the last entry that fits holds"
            hint = "leave biases out: rates hold before it" if is_biases else hint
        sink.warn(rules.RATE_IN_VAIN, message, hint, entry.path, key=is_biases)
