"""One difference of two specs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from specnet import plugins
from specnet.layers.base import Layer
from specnet.syntax.emit import written
from specnet.text import plural

Op = Literal["add", "remove", "change", "rename"]
SIGNS = {"add": "+", "remove": "-", "change": "~", "rename": ">"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` is dotted, as `--set` takes it; a missing side is None.

    For a renamed layer, `path` is that of its old name, and the sides are the two names.
    """

    op: Op
    path: str
    before: Any
    after: Any
    layer: str = field(default="", compare=False)
    """The layer that it is in; empty for any other part. Its name may have dots."""
    uses: int = field(default=0, compare=False)
    """In how many uses of a block, for a change of the block; `path` is where the file has it."""

    @property
    def field(self) -> str:
        """What of the layer it is, dotted; empty for the full layer and for any other part."""
        return self.path.removeprefix(f"layers.{self.layer}").removeprefix(".") if self.layer else ""

    @property
    def in_uses(self) -> str:
        """The words for the uses of a block that it is a change of."""
        return f", in {plural(self.uses, 'use')}" if self.uses else ""

    def __str__(self) -> str:
        sides = [self.words(side) for side in (self.before, self.after) if side is not None]
        return f"{SIGNS[self.op]} {self.path}: {' -> '.join(sides)}{self.in_uses}"

    def words(self, side: Any) -> str:
        """One of the sides as YAML; a full layer without the fields at their defaults."""
        if self.op == "rename" or not isinstance(side, dict) or not self.layer or self.field:
            return written(side)
        layer: Layer = plugins.load("specnet.layers", side["kind"]).model_validate(side)
        said = layer.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return written({key: value for key, value in side.items() if key == "kind" or key in said})
