"""Specs as plain mappings without blocks and patterns: what layers read, and every place that names them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from specnet import plugins
from specnet.diagnostics.errors import SpecError
from specnet.layers.weighted import Trainable
from specnet.network.network import Network, analyse
from specnet.recipe.patterns import fitting
from specnet.spec.expansion import expand
from specnet.spec.origins import has_blocks
from specnet.spec.spec import DEFAULT_GROUP, load

Data = dict[str, Any]


def valid(data: Mapping[str, Any]) -> Network | None:
    """The network of a spec, or None if it is not valid."""
    try:
        return analyse(load(data))
    except SpecError:
        return None


def flat(data: Mapping[str, Any]) -> Data:
    """A spec with the layers that its blocks stand for."""
    return copy.deepcopy(expand(data).document.data() if has_blocks(data) else dict(data))


def plain(data: Mapping[str, Any]) -> Data:
    """A spec without blocks, and with names in place of the recipe's patterns."""
    made = flat(data)
    training = made.get("training", {})
    if "frozen" in training:
        fit = fitting(listed(training["frozen"]), made["layers"])
        training["frozen"] = [name for name in fit if _is_trainable(made["layers"][name]["kind"])]
    for entry in training.get("optimizer", {}).get("rates", ()):
        if "layers" in entry:
            entry["layers"] = fitting(listed(entry["layers"]), made["layers"])
    return made


def _is_trainable(kind: str) -> bool:
    return issubclass(plugins.load("specnet.layers", kind), Trainable)


def listed(names: str | Iterable[str]) -> list[str]:
    """One name or several as a list."""
    return [names] if isinstance(names, str) else list(names)


def short(names: list[str]) -> str | list[str]:
    """A list of names as people write it."""
    return names[0] if len(names) == 1 else names


def sources(layer: Mapping[str, Any]) -> list[str]:
    """The names of what a layer reads, in order."""
    return listed(layer.get("from", []))


def groups(data: Mapping[str, Any]) -> list[str]:
    return listed(data.get("groups", DEFAULT_GROUP))


def losses(data: Mapping[str, Any]) -> list[Data]:
    """The losses that read a layer, as they stand in the data: changes of them are changes of it."""
    loss = data.get("training", {}).get("loss")
    return [] if loss is None else loss.get("of", [loss])


def heads(data: Mapping[str, Any]) -> set[str]:
    """The layers that the loss reads."""
    return {loss["from"] for loss in losses(data)}


def readers(data: Mapping[str, Any], name: str) -> list[str]:
    """The layers that read one, in the order of the file."""
    return [reader for reader, layer in data["layers"].items() if name in sources(layer)]


def fresh(data: Mapping[str, Any], stem: str) -> str:
    """A name that no layer has."""
    taken = data["layers"]
    return next(name for name in (stem, *(f"{stem}_{n}" for n in range(2, 999))) if name not in taken)


def edited(data: Mapping[str, Any], layer: str, **fields: Any) -> Data:
    """A copy in which a layer has other fields; those that are None are left out."""
    made: Data = copy.deepcopy(dict(data))
    own = {**made["layers"][layer], **{key.rstrip("_"): value for key, value in fields.items()}}
    made["layers"][layer] = {key: value for key, value in own.items() if value is not None}
    return made


def reading(data: Mapping[str, Any], layer: str, old: str, new: list[str]) -> Data:
    """A copy in which a layer reads others in one's place."""
    read = sources(data["layers"][layer])
    names = [name for source in read for name in (new if source == old else [source])]
    return edited(data, layer, from_=short(names))


def placed_before(data: Mapping[str, Any], layer: str, added: Mapping[str, Any]) -> Data:
    """A copy with new layers, which stand in the file before one."""
    made: Data = copy.deepcopy(dict(data))
    made["layers"] = {}
    for name, fields in data["layers"].items():
        if name == layer:
            made["layers"].update(copy.deepcopy(dict(added)))
        made["layers"][name] = copy.deepcopy(fields)
    return made


def renamed(data: Mapping[str, Any], names: Mapping[str, str | list[str]]) -> Data:
    """A copy with layers renamed, where they stand and wherever they are named.

    A list of new names is for a layer that several stand for now: the recipe's lists name all of them. Layers
    themselves, and what they read, are renamed by single names alone.
    """
    made: Data = copy.deepcopy(dict(data))
    one = {old: new for old, new in names.items() if isinstance(new, str)}
    made["layers"] = {one.get(name, name): layer for name, layer in made["layers"].items()}
    for layer in made["layers"].values():
        if "from" in layer:
            layer["from"] = short([one.get(source, source) for source in sources(layer)])
    for loss in losses(made):
        loss["from"] = one.get(loss["from"], loss["from"])
    training = made.get("training", {})
    lists = [(training, "frozen")]
    lists += [(entry, "layers") for entry in training.get("optimizer", {}).get("rates", ())]
    for place, key in lists:
        if key in place:
            place[key] = [new for old in listed(place[key]) for new in listed(names.get(old, old))]
    return made


def on_groups(data: Mapping[str, Any], names: Mapping[str, str]) -> Data:
    """A copy with groups renamed, in their list and wherever they are named."""
    made: Data = copy.deepcopy(dict(data))
    made["groups"] = [names.get(group, group) for group in groups(data)]
    for layer in made["layers"].values():
        if layer.get("group") is not None:
            layer["group"] = short([names.get(group, group) for group in listed(layer["group"])])
    return made
