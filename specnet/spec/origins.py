"""Layers of the kind `block`, which stand for others, and where those are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Origin:
    """A layer that a use of a block stands for: the block, its name there, and the full name of the use."""

    block: str
    layer: str
    use: str


@dataclass(frozen=True)
class Blocks:
    """The blocks of a spec as they are written, and the layers that their uses stand for."""

    written: Any = None
    """What stands under `blocks`, as plain data."""
    origins: Mapping[str, Origin] = field(default_factory=dict)


def has_blocks(data: Mapping[str, Any]) -> bool:
    """Whether a spec's data has blocks or uses of them."""
    layers = data.get("layers")
    held = layers.values() if isinstance(layers, dict) else ()
    return "blocks" in data or any(isinstance(layer, dict) and layer.get("kind") == BLOCK for layer in held)
