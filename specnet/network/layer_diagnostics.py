"""Collecting what is wrong with layers, so that all of it is said at once and nothing that merely follows."""

from __future__ import annotations

from specnet.diagnostics.diagnostic import Diagnostic, Fix, Position, Rule
from specnet.layers.base import LayerError
from specnet.spec.spec import Locate
from specnet.syntax.edits import renamed


class LayerDiagnostics:
    """Collects findings about layers, and remembers which layers nothing more can be said about."""

    def __init__(self, locate: Locate) -> None:
        self.locate = locate
        self.found: list[Diagnostic] = []
        self.broken: set[str] = set()

    def add(
        self,
        layer: str,
        rule: Rule,
        message: str,
        hint: str | None = None,
        key: str | int | None = "from",
        *rest: int,
        breaks: bool = True,
        fix: Fix | None = None,
    ) -> None:
        """A finding at `layers.LAYER.KEY`, or at the layer's name for the key None.

        Unless it `breaks` nothing, the layer and what depends on it are left alone from now on.
        """
        position = self.place(layer, key, *rest)
        self.found.append(rule.at(position, f"layer '{layer}': {message}", hint, fix))
        if breaks:
            self.broken.add(layer)

    def place(self, layer: str, key: str | int | None, *rest: int, of_key: bool = False) -> Position | None:
        """Where a layer's key has its value, or stands itself; the layer's name for the key None."""
        path = ("layers", layer) if key is None else ("layers", layer, key, *rest)
        return self.locate(path, key=of_key or key is None)

    def renaming(self, layer: str, key: str, index: int, old: str, new: str | None) -> Fix | None:
        """The fix that puts another name in a layer's key, which has one name or a list of them."""
        if new is None:
            return None
        alone, listed = self.place(layer, key), self.place(layer, key, index)
        return renamed(alone, old, new) or renamed(listed, old, new)

    def add_error(self, layer: str, error: LayerError, *, breaks: bool = True) -> None:
        """What a layer kind said about itself."""
        self.add(layer, error.rule, error.message, error.hint, error.field, breaks=breaks)
