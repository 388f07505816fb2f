"""A file of layer parameters as a recipe: momentum, rates and decays, layer by layer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from specnet.convert.models.cuda_convnet.ini import Section
from specnet.convert.models.cuda_convnet.walk import Cost, Walk
from specnet.convert.models.draft import Part, UnsayableError
from specnet.recipe.metrics import MANY_CLASSES
from specnet.recipe.training import Training
from specnet.text import few

_SCHEDULE = re.compile(r"(const|linear|exp|dexp)\s*\[\s*base\s*=\s*([-+.\deE]+)\s*(;[^\]]*)?\]")
_NUMBER = re.compile(r"[-+]?(\d{1,20}\.?\d{0,20}|\.\d{1,20})([eE][-+]?\d{1,2})?")
OFTEN = ("superEps", "superMom", "wball", "wcNormMax", "wcNormMin")
"""Parameters that no recipe has."""


def costs_in_order(costs: list[Cost]) -> list[Cost]:
    """That which counts most first, the last of those that do."""
    most = max(cost.weight for cost in costs)
    main = [cost for cost in costs if cost.weight == most][-1]
    return [main, *(cost for cost in costs if cost is not main)]


def recipe(walk: Walk) -> dict[str, Any]:
    """The recipe of a network that has been tidied up. Raises `UnsayableError`."""
    trained = {
        part: _params(walk, section) for part, section in walk.trained.items() if part in walk.draft.parts
    }
    if not trained:
        raise next(iter(walk.params.values())).refuse("nothing in the network is trained")
    schedules = {str(_rate(params, key)[1]) for params in trained.values() for key in ("epsW", "epsB")} - {""}
    if schedules:
        told = few([f"'{text}'" for text in sorted(schedules)])
        walk.draft.lost.append(
            f"The rates fall by {told} over the epochs of the command line; here they do not."
        )
    _tell(walk, trained.values())
    momenta = Counter(value for p in trained.values() for value in (*p.numbers("momW"), p.number("momB")))
    if len(momenta) > 1:
        walk.draft.lost.append("Layers have momenta of their own, and a recipe has one: that of most.")
    weights = {part: (_rate(p, "epsW")[0], p.numbers("wc", [0.0])[0]) for part, p in trained.items()}
    biases = {
        part: (_rate(p, "epsB")[0], 0.0) for part, p in trained.items() if part.fields.get("bias") != "none"
    }
    rule: dict[str, Any] = {"kind": "sgd", **_rates(weights, biases, momenta.most_common(1)[0][0])}
    costs = costs_in_order(walk.costs)
    losses = [{"kind": c.kind, "from": _standing(walk, c.part).name, "weight": c.weight} for c in costs]
    for loss in losses:
        if loss["weight"] == 1:
            del loss["weight"]
    alone = len(losses) == 1 and "weight" not in losses[0]
    made: dict[str, Any] = {"loss": losses[0] if alone else {"kind": "sum", "of": losses}, "optimizer": rule}
    common = Counter(repr(part.fields.get("weights")) for part in trained).most_common(1)[0][0]
    for part in trained:
        if repr(part.fields.get("weights")) == common and "weights" in part.fields:
            made["weights"] = part.fields.pop("weights")
    top, classes = costs[0].top, _standing(walk, costs[0].part).shape[0]
    if top > 1 and not (top == 5 and classes >= MANY_CLASSES):
        made["metrics"] = [{"kind": "top_k", "k": top}]
    made |= {"batch_size": 128, "epochs": 1}
    walk.draft.assumed += ["training.batch_size", "training.epochs"]
    try:
        Training.model_validate(made)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"])
        place = next(iter(trained.values())).place
        raise UnsayableError(place, f"as a recipe it is not sound: {where}: {first['msg']}") from None
    return made


def _params(walk: Walk, section: Section) -> Section:
    if section.name not in walk.params:
        raise section.refuse(f"the file of parameters has nothing for '{section.name}'")
    return walk.params[section.name]


def _rate(params: Section, key: str) -> tuple[float, str]:
    """The rate that it starts from, and its schedule, if it has one."""
    text = params.text(key)
    found = _SCHEDULE.match(text)
    number = found[2] if found else text.split(",")[0].strip()
    if not _NUMBER.fullmatch(number):
        raise params.refuse(f"{key} is a rate, or const, linear, exp or dexp[base=...]", key)
    return float(number), "" if found is None or found[1] == "const" else found[0]


def _tell(walk: Walk, trained: Iterable[Section]) -> None:
    for params in trained:
        for key in OFTEN:
            if any(params.numbers(key, [0.0])):
                walk.draft.lost.append(f"'{params.name}' has {key}, which no recipe has.")


def _standing(walk: Walk, part: Part) -> Part:
    while part not in walk.draft.parts:
        part = part.reads[0]
    return part


Settings = Mapping[Part, tuple[float, float]]
"""Rate and decay of each layer's weights, or biases."""


def _rates(weights: Settings, biases: Settings, momentum: float) -> dict[str, Any]:
    """The usual rate and decay, those of biases, and what single layers have."""
    rate, decay = Counter(weights.values()).most_common(1)[0][0]
    made: dict[str, Any] = {"learning_rate": rate}
    made |= {"momentum": momentum} if momentum else {}
    made |= {"weight_decay": decay} if decay else {}
    usual = (Counter(biases.values()).most_common(1) or [((rate, decay), 0)])[0][0]
    if said := _said(usual, (rate, decay)):
        made["biases"] = said
    entries: dict[str, dict[str, Any]] = {}
    for role, own, common in (("weight", weights, (rate, decay)), ("bias", biases, usual)):
        for part, values in own.items():
            if said := _said(values, common):
                entries.setdefault(repr((role, said)), {"layers": [], "role": role, **said})["layers"].append(
                    part.name
                )
    for entry in entries.values():
        if len(entry["layers"]) == 1:
            (entry["layers"],) = entry["layers"]
    if entries:
        made["rates"] = list(entries.values())
    return made


def _said(own: tuple[float, float], usual: tuple[float, float]) -> dict[str, float]:
    keys = ("learning_rate", "weight_decay")
    return {
        key: a for key, a, b in zip(keys, own, usual, strict=True) if a != b and (own[0] or key == keys[0])
    }
