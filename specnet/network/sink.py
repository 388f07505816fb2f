"""Collects the diagnostics of one pass over a spec, so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Iterable

from specnet.diagnostics.diagnostic import Diagnostic, Fix, Rule
from specnet.layers.base import Advice, LayerError
from specnet.spec.spec import Locate
from specnet.syntax.document import Path_
from specnet.syntax.edits import renamed


class Sink:
    """Collects diagnostics, and remembers which layers they are about."""

    def __init__(self, locate: Locate, unsound: Iterable[str] = ()) -> None:
        self.locate = locate
        self.diagnostics: list[Diagnostic] = []
        self.broken: set[str] = set(unsound)
        """Layers with an error that leaves their shape open: nothing is said of what merely follows."""
        self.faulty: set[str] = set(unsound)
        """Layers with an error of any kind."""

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
        """An error at `layers.LAYER.KEY`, or at the layer's name for the key None.

        Unless it `breaks` nothing, the layer and what depends on it are left alone from now on.
        """
        path = ("layers", layer) if key is None else ("layers", layer, key, *rest)
        place = self.locate(path, key=key is None)
        self.diagnostics.append(rule.at(place, f"layer '{layer}': {message}", hint, fix))
        self.faulty.add(layer)
        if breaks:
            self.broken.add(layer)

    def add_error(self, layer: str, error: LayerError, *, breaks: bool = True) -> None:
        """What a layer kind said about itself."""
        self.add(layer, error.rule, error.message, error.hint, error.field, breaks=breaks)

    def add_advice(self, layer: str, advice: Advice) -> None:
        """What a layer kind said is seldom meant."""
        message = f"layer '{layer}': {advice.message}"
        self.warn(advice.rule, message, advice.hint, ("layers", layer, advice.field))

    def warn(self, rule: Rule, message: str, hint: str | None, path: Path_, *, key: bool = False) -> None:
        """A warning at a path of the spec."""
        self.diagnostics.append(rule.at(self.locate(path, key=key), message, hint))

    def error(
        self,
        rule: Rule,
        message: str,
        hint: str | None,
        path: Path_,
        fix: Fix | None = None,
        *,
        key: bool = False,
    ) -> None:
        """An error at a path of the spec that is not a layer's."""
        self.diagnostics.append(rule.at(self.locate(path, key=key), message, hint, fix))

    def has(self, *rules: Rule) -> bool:
        """Whether there is a diagnostic of one of these rules."""
        return any(diagnostic.rule in rules for diagnostic in self.diagnostics)

    def renaming(self, path: Path_, index: int, old: str, new: str | None) -> Fix | None:
        """The fix that puts another name at a path, where one name stands or a list of them."""
        if new is None:
            return None
        return renamed(self.locate(path), old, new) or renamed(self.locate((*path, index)), old, new)
