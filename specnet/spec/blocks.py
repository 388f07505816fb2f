"""Blocks: parts of a network that are written once, under `blocks`, and used as layers of the kind `block`.

A block has parameters, layers and an output. Inside it `input` is what a use of it reads, `$name` the value
of a parameter, and every other name in a `from` one of its own layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from specnet.schema.fields import shown
from specnet.schema.strict import Strict, schema_error
from specnet.spec.names import LayerName
from specnet.spec.origins import BLOCK
from specnet.syntax.reader import Node

INPUT = "input"
PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
NAMED = re.compile(r"\$(.*)", re.DOTALL)
OWN_KEYS = ("kind", "of", "from", "group", "cross_group", "trainable")
"""What a use says beside its arguments."""


def _parameters(value: Any) -> Any:
    """A list of names, and of mappings from names to defaults, as it stands."""
    items = value
    if not isinstance(items, list | tuple) or not all(
        isinstance(i, str) or (i and isinstance(i, dict)) for i in items
    ):
        hint = "name them, with defaults in braces: [filters, {stride: 1}]"
        raise schema_error("parameters", f"expected a list of names, got {shown(value)}", hint)
    seen: set[str] = set()
    for index, item in enumerate(items):
        for name in [item] if isinstance(item, str) else item:
            at = (index,) if isinstance(item, str) else (index, name)
            if name in OWN_KEYS:
                raise schema_error(
                    "name", f"a parameter cannot be called '{name}': every use has that key", at=at
                )
            if not PARAMETER.fullmatch(name):
                hint = "a parameter's name is a letter, and then letters, digits and '_'"
                raise schema_error("name", f"'{name}' is not a name for a parameter", hint, at=at)
            if name in seen:
                raise schema_error("name", f"the parameter '{name}' is named twice", at=at)
            seen.add(name)
    return list(items)


def _layers(value: Any) -> Any:
    if isinstance(value, dict) and INPUT in value:
        hint = "call it something else"
        raise schema_error(
            "name", "in a block, 'input' is what a use of it reads", hint, at=INPUT, of_key=True
        )
    return value


class Block(Strict):
    """A part of a network, written once. A layer of the kind `block` stands for all of its layers."""

    parameters: Annotated[
        list[Any],
        BeforeValidator(_parameters),
        WithJsonSchema(
            {
                "type": "array",
                "items": {
                    "oneOf": [
                        {"type": "string", "pattern": f"^{PARAMETER.pattern}$"},
                        {
                            "type": "object",
                            "minProperties": 1,
                            "propertyNames": {"pattern": f"^{PARAMETER.pattern}$"},
                            "additionalProperties": {"not": {"type": "null"}},
                        },
                    ]
                },
            }
        ),
        Field(description="What each use gives, by name; {name: value} for what it may leave out."),
    ] = []  # noqa: RUF012 - pydantic copies it
    layers: Annotated[
        dict[LayerName, Any],
        BeforeValidator(_layers),
        Field(
            min_length=1, description="Its layers by name. `input` is what a use reads, `$name` a parameter."
        ),
    ]
    output: Annotated[
        str | None,
        Field(description="The layer whose output is the block's; the only one that none of it reads."),
    ] = None


@dataclass
class Definition:
    """A block as its uses see it. One that is not `sound` is not expanded."""

    name: str
    parameters: dict[str, Node | None] = field(default_factory=dict)
    """Their defaults, None for those that every use has to give."""
    layers: dict[str, Node] = field(default_factory=dict)
    output: str = ""
    sound: bool = False

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The parameters that every use has to give, once all are known."""
        return tuple(name for name, default in self.parameters.items() if default is None)

    @cached_property
    def longest(self) -> int:
        """Characters of the longest name of a layer, once all are known."""
        return max(map(len, self.layers), default=0)

    def uses(self) -> Iterator[tuple[str, Node]]:
        """Its layers that are uses of blocks."""
        return ((name, layer) for name, layer in self.layers.items() if is_use(layer))


def is_use(layer: Node) -> bool:
    """Whether a layer stands for a block."""
    return isinstance(layer.value, dict) and "kind" in layer.value and layer.value["kind"].value == BLOCK


def block_of(use: Node) -> str:
    """The name of the block that a use names; nothing that a block is called where it names none."""
    named = use.value.get("of")
    return named.value if named is not None and isinstance(named.value, str) else ""


def sources(layer: Node) -> list[Node]:
    """The names that a layer reads, as far as they are names."""
    read = layer.value.get("from") if isinstance(layer.value, dict) else None
    items = (
        read.value
        if read is not None and isinstance(read.value, list)
        else [read]
        if read is not None
        else []
    )
    return [item for item in items if isinstance(item.value, str)]


def reads_outside(layer: Node) -> bool:
    """Whether a layer of a block reads what the use reads, or names in a parameter."""
    return any(item.value == INPUT or parameter_of(item.value) for item in sources(layer))


def parameter_of(value: Any) -> str | None:
    """The name of the parameter that a value in a block stands for."""
    named = NAMED.fullmatch(value) if isinstance(value, str) else None
    return named[1] if named else None


def scalars(node: Node, key: str = "") -> Iterator[tuple[str, Node]]:
    """Every value below a node that is no collection, with the last key on the way to it."""
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            yield from scalars(child, name)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from scalars(child, key)
    else:
        yield key, node
