"""Where everything that is found in one pass over a spec ends up, so that all of it is said at once."""

from __future__ import annotations

from collections.abc import Iterable

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.layers.base import Advice, LayerError
from specnet.spec.spec import Locate
from specnet.syntax.document import Path_


class Sink:
    """Collects diagnostics, and remembers which layers they are about."""

    def __init__(self, locate: Locate, unsound: Iterable[str] = ()) -> None:
        self._locate = locate
        self.diagnostics: list[Diagnostic] = []
        self.broken: set[str] = set(unsound)
        """Layers with an error that leaves their shape open: nothing is said of what merely follows."""
        self.faulty: set[str] = set(unsound)
        """Layers with an error of any kind."""

    def add(
        self,
        layer: str,
        code: str,
        message: str,
        hint: str | None = None,
        key: str | int | None = "from",
        *rest: int,
        breaks: bool = True,
    ) -> None:
        """An error at `layers.LAYER.KEY`, or at the layer's name for the key None.

        Unless it `breaks` nothing, the layer and what depends on it are left alone from now on.
        """
        path = ("layers", layer) if key is None else ("layers", layer, key, *rest)
        position = self._locate(path, key=key is None)
        self.diagnostics.append(Diagnostic(code, f"layer '{layer}': {message}", position, hint))
        self.faulty.add(layer)
        if breaks:
            self.broken.add(layer)

    def add_error(self, layer: str, error: LayerError, *, breaks: bool = True) -> None:
        """What a layer kind said about itself."""
        self.add(layer, error.code, error.message, error.hint, error.field, breaks=breaks)

    def add_advice(self, layer: str, advice: Advice) -> None:
        """What a layer kind said is seldom meant."""
        message = f"layer '{layer}': {advice.message}"
        self.warn(advice.code, message, advice.hint, ("layers", layer, advice.field))

    def warn(self, code: str, message: str, hint: str | None, path: Path_, *, key: bool = False) -> None:
        """A warning at a path of the spec."""
        place = self._locate(path, key=key)
        self.diagnostics.append(Diagnostic(code, message, place, hint, severity="warning"))

    def error(self, code: str, message: str, hint: str | None, path: Path_) -> None:
        """An error at a path of the spec that is not a layer's."""
        self.diagnostics.append(Diagnostic(code, message, self._locate(path), hint))

    def has(self, *codes: str) -> bool:
        """Whether there is a diagnostic with one of these codes."""
        return any(diagnostic.code in codes for diagnostic in self.diagnostics)
