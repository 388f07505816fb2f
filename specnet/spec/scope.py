"""What names mean where they stand in a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specnet.syntax.reader import Node


@dataclass(frozen=True)
class Scope:
    """What names mean in a place: among the layers of the file, or in one use of a block."""

    prefix: str
    layers: Mapping[str, Node]
    block: str = ""
    via: str = ""
    line: int = 0
    """The line of the use among the layers of the file."""
    arguments: Mapping[str, tuple[Node, Scope]] = field(default_factory=dict)
    """What the use gives for parameters, and the scope that it is written in."""
    defaults: Mapping[str, Node | None] = field(default_factory=dict)
    """What the block has for those that a use leaves out."""
    read: tuple[Node, ...] = ()
    """What `input` stands for, under full names."""
    given: Mapping[str, Node] = field(default_factory=dict)
    """What the use says for its layers, by key."""

    def value_of(self, parameter: str) -> tuple[Node, Scope]:
        """What stands for a parameter, and the scope that it is written in."""
        if parameter in self.arguments:
            return self.arguments[parameter]
        default = self.defaults[parameter]
        assert default is not None, "a use is sound, or it is not expanded"
        return default, self
