"""Layers of the kind `block`, which stand for others, and where those are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from specnet.diagnostics.diagnostic import Position

BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Origin:
    """A layer that a use of a block stands for: the block, its name there, and the full name of the use."""

    block: str
    layer: str
    use: str


class Use(NamedTuple):
    """A use of a block: how it is written, as plain data, and the layers that it stands for."""

    written: Any
    layers: Sequence[str]


@dataclass(frozen=True)
class Blocks:
    """The blocks of a spec as they are written, and the layers that their uses stand for."""

    written: Any = None
    """What stands under `blocks`, as plain data."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    unused: Mapping[str, Position | None] = field(default_factory=dict)
    """Those that no layer is made of, and where each begins."""
    uses: Mapping[str, Use] = field(default_factory=dict)
    """Those that stand among the network's layers, by name."""


def unused(data: Mapping[str, Any]) -> list[str]:
    """The blocks that no layer is made of, but for those that others of them use."""
    written = data.get("blocks")
    blocks = written if isinstance(written, dict) else {}
    used = {name: _used(block) for name, block in blocks.items()}
    left, ready = dict.fromkeys(blocks), list(_used(data))
    while ready:
        name = ready.pop()
        if name in left:
            del left[name]
            ready += used[name]
    within = {inner for name in left for inner in used[name]}
    return [name for name in left if name not in within]


def _used(part: Any) -> set[str]:
    """The blocks that layers of a block, or of a spec, name."""
    layers = part.get("layers") if isinstance(part, dict) else None
    held = layers.values() if isinstance(layers, dict) else ()
    uses = [layer for layer in held if isinstance(layer, dict) and layer.get("kind") == BLOCK]
    return {use["of"] for use in uses if isinstance(use.get("of"), str)}


def has_blocks(data: Mapping[str, Any]) -> bool:
    """Whether a spec's data has blocks or uses of them."""
    layers = data.get("layers")
    held = layers.values() if isinstance(layers, dict) else ()
    return "blocks" in data or any(isinstance(layer, dict) and layer.get("kind") == BLOCK for layer in held)
