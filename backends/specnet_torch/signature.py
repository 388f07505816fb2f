"""The signature of a native model: one named argument for each input layer.

Exporters and tracers read a model's signature: `*images` has no names for them, and an argument that is not a
tensor is in their way. A class with the right signature is made for each list of inputs, as `namedtuple`
makes its classes.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

TAKEN = {"self", "__debug__"}
"""Identifiers that cannot be an argument of a model's call."""


def arguments(inputs: Iterable[str]) -> dict[str, str]:
    """The argument for each input layer: its name, made a valid identifier that no other one has.

    `left-eye` is `left_eye`, `2d` is `_2d`, `class` is `class_`.
    """
    names: dict[str, str] = {}
    layers = list(inputs)
    plain = {name for name in layers if _sound(name)}
    for layer in layers:
        name = layer
        if not _sound(name):
            name = re.sub(r"\W", "_", name, flags=re.ASCII)
            name = f"_{name}" if name[0].isdecimal() else name
            while not _sound(name) or name in plain or name in names.values():
                name += "_"
        names[layer] = name
    return names


def _sound(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in TAKEN


def written(cls: type) -> type:
    """The class that stands in some module, for one that `with_inputs` made of it."""
    origin: type = getattr(cls, "_made_of", cls)
    return origin


@cache
def with_inputs(base: type, inputs: tuple[str, ...]) -> type:
    """A class like `base`, whose `forward` takes the inputs by name and gives them to `run` as a mapping."""
    named = arguments(inputs)
    given = ", ".join(f"{layer!r}: {name}" for layer, name in named.items())
    source = f"def forward(self, {', '.join(named.values())}):\n    return self.run({{{given}}})\n"
    space: dict[str, Any] = {}
    exec(compile(source, "<the signature of a native model>", "exec"), space)
    forward = space["forward"]
    forward.__doc__ = base.run.__doc__  # type: ignore[attr-defined]
    body = {"forward": forward, "_made_of": base}
    body |= {"__module__": base.__module__, "__qualname__": base.__qualname__}
    return type(base)(base.__name__, (base,), {**body, "__doc__": base.__doc__})
