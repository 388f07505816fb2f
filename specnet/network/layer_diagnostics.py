"""Collecting what is wrong with layers, so that all of it is said at once and nothing that merely follows."""

from __future__ import annotations

from specnet.diagnostics.diagnostic import Diagnostic, Rule
from specnet.layers.base import LayerError
from specnet.spec.spec import Locate


class LayerDiagnostics:
    """Collects findings about layers, and remembers which layers nothing more can be said about."""

    def __init__(self, locate: Locate) -> None:
        self._locate = locate
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
    ) -> None:
        """A finding at `layers.LAYER.KEY`, or at the layer's name for the key None.

        Unless it `breaks` nothing, the layer and what depends on it are left alone from now on.
        """
        path = ("layers", layer) if key is None else ("layers", layer, key, *rest)
        position = self._locate(path, key=key is None)
        self.found.append(rule.at(position, f"layer '{layer}': {message}", hint))
        if breaks:
            self.broken.add(layer)

    def add_error(self, layer: str, error: LayerError, *, breaks: bool = True) -> None:
        """What a layer kind said about itself."""
        self.add(layer, error.rule, error.message, error.hint, error.field, breaks=breaks)
