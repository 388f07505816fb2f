"""Edits that change what a network computes: a field, an input, layers that come, go or change places."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from editing.data import Data, edited, fresh, heads, placed_before, readers, reading, sources, valid
from editing.edit import Case, Edited, Effect, kind, shuffled
from editing.renaming import drops
from specnet.network.network import Network

FUNCTIONS = ("relu", "tanh", "sigmoid", "silu", "softplus", None)
VALUES: dict[str, tuple[Any, ...]] = {
    "filters": (2, 4, 6, 8, 12),
    "units": (2, 3, 4, 5, 6, 8),
    "kernel": (1, 2, 3, [2, 3], [3, 2]),
    "stride": (1, 2, [1, 2]),
    "padding": (0, 1, 2, "same"),
    "dilation": (1, 2),
    "groups": (1, 2),
    "activation": FUNCTIONS,
    "function": ("relu", "tanh", "sigmoid", "gelu"),
    "bias": (0, 0.5, 1, "none"),
    "weights": ({"kind": "normal", "std": 0.02}, {"kind": "orthogonal"}, None),
    "rate": (0.1, 0.3, 0.6),
    "scale_at": ("train", "test"),
    "k": (1.5, 2.5),
    "alpha": (0.05, 0.2),
    "beta": (0.6, 0.9),
    "epsilon": (1e-4, 1e-2),
    "momentum": (0.8, 0.95),
    "scale": (True, False),
    "shift": (True, False),
    "gain": (0.5, 2, "none"),
    "offset": (0.5, 1, "none"),
    "count_padding": (True, False),
    "pieces": (2, 3, 4),
    "channels": ([0, 1], [0, 2], [1, 3]),
    "keep_dims": (True, False),
    "seed": (4, 5),
    "std": (0.7, 2.0),
    "size": (3, 5),
}
STARTS = {"bias": 0, "gain": 1, "offset": "none"}
"""The defaults of fields that say where parameters start, or `none`, and then there are none."""
ADDED: tuple[Data, ...] = (
    {"kind": "activation", "function": "tanh"},
    {"kind": "activation", "function": "relu"},
    {"kind": "scale", "gain": 1, "offset": 0},
    {"kind": "batch_norm"},
    {"kind": "batch_norm", "scale": False, "activation": "relu"},
    {"kind": "lrn", "size": 3, "k": 2, "alpha": 0.1, "beta": 0.75},
    {"kind": "dropout", "rate": 0.5},
    {"kind": "dropout", "rate": 0.5, "scale_at": "test"},
)
RECIPES: tuple[Data, ...] = ({"batch_size": 31}, {"epochs": 77}, {"weights": {"kind": "normal", "std": 0.03}})


@kind("change one field")
def change_field(case: Case, draw: random.Random) -> Iterator[Edited]:
    for name in shuffled(draw, case.made()):
        yield from field_changes(case, name, draw)


def field_changes(case: Case, name: str, draw: random.Random) -> Iterator[Edited]:
    """Edits of one field of a layer each, whose written value is another one then."""
    layer, fields = case.network.graph.layers[name], case.layers[name]
    known = [key for key in VALUES if key in type(layer).model_fields]
    for key in shuffled(draw, known)[:4]:
        for value in shuffled(draw, VALUES[key])[:3]:
            made = edited(case.data, name, **{key: value})
            if made != case.data and _said(layer, key, value) != _said(layer, key, fields.get(key)):
                yield Edited(made, 1, _effect(key, value, fields), touched=frozenset({name}))


def _said(layer: Any, key: str, value: Any) -> Any:
    """What a field's value means, its default in place of None."""
    written = {**layer.model_dump(mode="json", by_alias=True, exclude_none=True), key: value}
    made = {k: v for k, v in written.items() if v is not None}
    try:
        return getattr(type(layer).model_validate(made), key)
    except ValueError:
        return value


def _effect(key: str, value: Any, fields: Data) -> Effect:
    """Initial values make no other network; what is done in training alone makes none in evaluation."""
    if key == "weights" or (key in STARTS and "none" not in (value, fields.get(key, STARTS[key]))):
        return "same"
    return "training" if key == "momentum" or (key == "rate" and drops(fields)) else "function"


@kind("insert an elementwise layer")
def insert_elementwise(case: Case, draw: random.Random) -> Iterator[Edited]:
    for source in shuffled(draw, case.made()):
        yield from _inserted(case, draw, source, draw.choice(ADDED))


@kind("insert a conv or dense layer")
def insert_weighted(case: Case, draw: random.Random) -> Iterator[Edited]:
    for source in shuffled(draw, case.made()):
        shape = case.network.output_shape(source)
        wide: Data = {"kind": "dense", "units": shape[0]}
        if len(shape) == 3:
            wide = {"kind": "conv", "filters": shape[0], "kernel": draw.choice((1, 3)), "padding": "same"}
        yield from _inserted(case, draw, source, {**wide, "activation": draw.choice(("relu", None))})


def _inserted(case: Case, draw: random.Random, source: str, fields: Data) -> Iterator[Edited]:
    """A layer between another one and some of those that read it, or all."""
    every = readers(case.data, source)
    if not every:
        return
    some = every if draw.random() < 0.7 else shuffled(draw, every)[:1]
    name = fresh(case.data, draw.choice((f"{source}_then", "added", fields["kind"])))
    made = case.data
    for reader in some:
        made = reading(made, reader, source, [name])
    added = {name: {key: value for key, value in {**fields, "from": source}.items() if value is not None}}
    effect: Effect = "training" if drops(fields) else "function"
    made = placed_before(made, some[0], added)
    yield Edited(made, 1, effect, added=frozenset(added), touched=frozenset(added))


@kind("delete a layer")
def delete(case: Case, draw: random.Random) -> Iterator[Edited]:
    """What read it reads what it read, where it was."""
    for name in shuffled(draw, case.made()):
        read, every = sources(case.layers[name]), readers(case.data, name)
        if len(read) != 1 or not every or name in heads(case.data):
            continue
        made = case.data
        for reader in every:
            made = reading(made, reader, name, read)
        made = without(made, name)
        if _places(valid(made)) == {key: own for key, own in _places(case.network).items() if key != name}:
            is_alike = case.network.graph.groups[read[0]] == case.network.graph.groups[name]
            is_through = is_alike and not case.layers[name].get("cross_group")
            effect: Effect = "training" if drops(case.layers[name]) and is_through else "function"
            yield Edited(made, 1, effect, touched=frozenset(every))


def without(data: Data, name: str) -> Data:
    """A copy without a layer that nothing reads."""
    made = {**data, "layers": {key: value for key, value in data["layers"].items() if key != name}}
    training = made.get("training", {})
    rates = training.get("optimizer", {}).get("rates", [])
    if name in training.get("frozen", ()) or any(name in entry.get("layers", ()) for entry in rates):
        return data  # the recipe names it: its lists would be edits, too
    return made


def _places(network: Network | None) -> dict[str, tuple[str, ...]]:
    return {} if network is None else dict(network.graph.groups)


@kind("swap two neighbours")
def swap_neighbours(case: Case, draw: random.Random) -> Iterator[Edited]:
    for first in shuffled(draw, case.made()):
        every = readers(case.data, first)
        if len(every) != 1 or len(sources(case.layers[first])) != 1 or first in heads(case.data):
            continue
        (second,) = every
        below = readers(case.data, second)
        if sources(case.layers[second]) != [first] or second in heads(case.data) or not below:
            continue
        made = edited(case.data, second, from_=sources(case.layers[first])[0])
        made = edited(made, first, from_=second)
        for reader in below:
            made = reading(made, reader, second, [first])
        if _places(valid(made)) == _places(case.network):
            edits = 2 if _are_alike(case.layers[first], case.layers[second]) else 1
            yield Edited(made, edits, "function", touched=frozenset({first, second}))


def _are_alike(one: Data, other: Data) -> bool:
    """Whether two layers say the same of themselves, so that only their names change places."""
    return {**one, "from": ""} == {**other, "from": ""}


@kind("read another layer")
def rewire(case: Case, draw: random.Random) -> Iterator[Edited]:
    network = case.network
    for name in shuffled(draw, case.made()):
        for old in shuffled(draw, dict.fromkeys(sources(case.layers[name]))):
            for new in shuffled(draw, case.made()):
                alike = network.output_shape(old) == network.output_shape(new)
                if (
                    not alike
                    or new in sources(case.layers[name])
                    or new == name
                    or len(readers(case.data, old)) < 2
                ):
                    continue
                made = reading(case.data, name, old, [new])
                if _places(valid(made)) == _places(network):
                    yield Edited(made, 1, "function", touched=frozenset({name}))


@kind("change the recipe")
def change_recipe(case: Case, draw: random.Random) -> Iterator[Edited]:
    if "training" in case.data:
        training = case.data["training"]
        rate = {"optimizer": {**training["optimizer"], "learning_rate": 0.0123}}
        yield Edited({**case.data, "training": {**training, **draw.choice((rate, *RECIPES))}}, 1, "same")


@kind("rename the network")
def rename_network(case: Case, draw: random.Random) -> Iterator[Edited]:
    yield Edited({**case.data, "name": "another"}, 1, "same")
