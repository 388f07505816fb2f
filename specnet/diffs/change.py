"""One difference of two specs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from specnet import plugins
from specnet.layers.base import Layer
from specnet.syntax.emit import written
from specnet.text import plural

Op = Literal["add", "remove", "change", "rename"]
ALONG = 3
"""Changes that came along with another and are shown."""
SHARE = "@"
"""What the name of a share has in a long form, and no name of a layer has."""
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
    along: tuple[Change, ...] = field(default=(), compare=False)
    """What other layers say otherwise for it: what reads a layer that came, went or stands elsewhere, or
    lives where a layer does that was moved. They are no changes of their own."""
    inherits: bool = field(default=False, compare=False)
    """Whether it is a full layer that lives where its first input does, which goes without saying."""
    uses: int = field(default=0, compare=False)
    """In how many uses of a block, for a change of the block; `path` is where the file has it."""

    @property
    def is_said(self) -> bool:
        """Whether it is said at all: a share gets another name wherever its layer is written out."""
        return self.op != "rename" or SHARE not in f"{self.before}{self.after}"

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
        return f"{SIGNS[self.op]} {self.path}: {' -> '.join(sides)}{self.in_uses}{self.with_it}"

    @property
    def with_it(self) -> str:
        """The words for what came along with it. That layers live on other groups goes without saying."""
        if self.path == "groups":
            return ""
        shown = [c.along_words() for c in self.along[:ALONG]]
        more = [f"{len(self.along) - ALONG} more"] if len(self.along) > ALONG else []
        return f", with {' and '.join([', '.join(shown), *more])}" if shown else ""

    def along_words(self) -> str:
        """The words for it where it comes along with another change."""
        where = self.path.removeprefix("layers.")
        return (
            f"{where} gone"
            if self.op == "remove" and not self.field
            else f"{where}: {self.words(self.after)}"
        )

    def as_json(self) -> dict[str, Any]:
        layer = {"layer": self.layer} if self.layer else {}
        along = {"along": [change.as_json() for change in self.along]} if self.along else {}
        return {
            "op": self.op,
            "path": self.path,
            **layer,
            "before": self.before,
            "after": self.after,
            **along,
        }

    def words(self, side: Any) -> str:
        """One of the sides as YAML; a full layer without the fields at their defaults."""
        if self.op == "rename" or not isinstance(side, dict) or not self.layer or self.field:
            return written(side)
        layer: Layer = plugins.load("specnet.layers", side["kind"]).model_validate(side)
        said = layer.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        hidden = {"group"} if self.inherits else set()
        told = {key: value for key, value in side.items() if key == "kind" or key in said}
        return written({key: value for key, value in told.items() if key not in hidden})
