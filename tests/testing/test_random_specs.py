"""Random networks and recipes have everything that the language has, and are sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from specnet import plugins
from specnet.layers.base import Layer
from specnet.layers.input import Input
from specnet.recipe.losses import Sum
from specnet.recipe.rates import Biases, LayerRates
from specnet.recipe.schedules import Warmup
from specnet.recipe.training import Training
from specnet.spec.spec import load
from specnet.testing.random_specs import random_spec

SEEDS = range(400)
PARTS = [group for group in plugins.BASES if group != "specnet.datasets"]
"""Whatever a layer or a recipe names is an instance of a class."""
Seen = tuple[type[BaseModel], str, Any]
"""A class, one of its fields, and one of the few values that the field may have; None for any."""
EXCEPT = {(Sum, "weight"), (Input, "from_"), (Input, "group"), (Input, "cross_group")}
"""Fields that are there and may never be given: a sum is no part of a sum, and an input reads nothing."""


def built_in() -> Iterator[type[BaseModel]]:
    """The classes of all kinds that the package has itself, and what these are made of."""
    for group in PARTS:
        classes = [plugins.load(group, kind) for kind in plugins.names(group)]
        own = [cls for cls in classes if cls.__module__.startswith("specnet.")]
        assert own
        yield from own
    yield from (Training, Warmup, Biases, LayerRates)


def choices(annotation: Any) -> tuple[Any, ...]:
    """All values that a field may have where these are words or truth values; None stands for any others."""
    if annotation is bool:
        return (False, True)
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Annotated, Union, UnionType):
        parts = get_args(annotation)[: 1 if get_origin(annotation) is Annotated else None]
        return tuple(choice for part in parts if part is not NoneType for choice in choices(part))
    return (None,)


def owner(cls: type[BaseModel], name: str) -> type[BaseModel]:
    """What all layers have, where they live and what crosses, is one field, not one of each kind."""
    return Layer if issubclass(cls, Layer) and name in Layer.model_fields else cls


def wanted() -> set[Seen]:
    return {
        (owner(cls, name), name, choice)
        for cls in built_in()
        for name, field in cls.model_fields.items()
        if name != "kind" and (cls, name) not in EXCEPT
        for choice in choices(field.annotation)
    }


def said(part: Any) -> Iterator[Seen]:
    """What a spec says, as it is written down."""
    if isinstance(part, Mapping):
        part = list(part.values())
    if isinstance(part, list | tuple):
        for item in part:
            yield from said(item)
    if not isinstance(part, BaseModel):
        return
    cls = type(part)
    yield cls, "kind", None
    for name in part.model_fields_set:
        value = getattr(part, name)
        for choice in choices(cls.model_fields[name].annotation):
            is_it = choice is None if not isinstance(value, str | bool) else choice == value
            if is_it or choice is None:
                yield owner(cls, name), name, choice
        yield from said(value)


def test_random_specs_say_everything() -> None:
    """A kind, a field or a word that is new has to be drawn, too. Measured: all are there after 182 seeds."""
    missing = wanted() | {(cls, "kind", None) for cls in built_in()}
    for seed in SEEDS:
        spec = load(random_spec(seed))
        missing.difference_update(said([spec.layers, spec.training]))
        if not missing:
            break
    names = sorted(
        f"{cls.__name__}.{name}{'' if choice is None else f' {choice}'}" for cls, name, choice in missing
    )
    assert not names, ", ".join(names)
