"""Multipliers of layers as the rates of a recipe: `biases`, and `rates` for what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from specnet.convert.models.caffe.message import short
from specnet.convert.models.caffe.net import Multipliers
from specnet.convert.models.draft import Part

Trained = Mapping[Part, Mapping[str, Multipliers]]
USUAL = Multipliers()


def freeze(multipliers: Trained) -> None:
    """Mark layers none of whose parameters is trained; a batch normalization would use other statistics."""
    for part, roles in multipliers.items():
        if part.kind != "batch_norm" and all(own.rate == 0 for own in roles.values()):
            part.fields["trainable"] = False


def rates(multipliers: Trained, rate: float, decay: float) -> dict[str, Any]:
    """`biases` and `rates` of an optimizer with this rate and this decay."""
    trained = {part: roles for part, roles in multipliers.items() if part.fields.get("trainable", True)}
    biases = Counter(roles["bias"] for roles in trained.values() if "bias" in roles)
    usual = {"weight": USUAL, "bias": biases.most_common(1)[0][0] if biases else USUAL}
    made: dict[str, Any] = {}
    if said := _said(usual["bias"], USUAL, rate, decay):
        made["biases"] = said
    entries: dict[tuple[str, Multipliers], list[str]] = {}
    for part, roles in trained.items():
        other = {role: own for role, own in roles.items() if _said(own, usual[role], rate, decay)}
        is_alike = len(other) == len(roles) > 1 and len(set(other.values())) == 1
        for role, own in other.items():
            if not is_alike or role == "weight":
                entries.setdefault(("" if is_alike else role, own), []).append(part.name)
    if entries:
        made["rates"] = [
            _entry(role, own, names, usual, rate, decay) for (role, own), names in entries.items()
        ]
    return made


def _entry(
    role: str, own: Multipliers, names: list[str], usual: dict[str, Multipliers], rate: float, decay: float
) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for each in [role] if role else list(usual):
        said |= _said(own, usual[each], rate, decay)
    where: dict[str, Any] = {"layers": names[0] if len(names) == 1 else names}
    return {**where, **({"role": role} if role else {}), **said}


def _said(own: Multipliers, usual: Multipliers, rate: float, decay: float) -> dict[str, float]:
    """What differs from what is usual; the decay of what has no rate does nothing."""
    said = {}
    if own.rate != usual.rate:
        said["learning_rate"] = short(rate * own.rate)
    if own.decay != usual.decay and decay and own.rate:
        said["weight_decay"] = short(decay * own.decay)
    return said
