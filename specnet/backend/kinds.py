"""How a backend carries out each kind of layer, activation function, loss and optimizer: a function for each.

A backend makes one `Kinds` for each of the four families, and its own functions register like a stranger's:

    layer: Kinds[LayerFunction] = Kinds("torch", "layer")

    @layer("conv")
    def conv(op, inputs, weights, run): ...

What a function takes and gives is the backend's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeVar, cast

from specnet import plugins
from specnet.diagnostics.errors import PluginError, UsageError

F = TypeVar("F")
T = TypeVar("T")

Family = Literal["layer", "activation", "loss", "optimizer"]

NOUNS: dict[Family, str] = {
    "layer": "layer kind",
    "activation": "activation function",
    "loss": "loss",
    "optimizer": "optimizer",
}


class Kinds(Generic[F]):
    """The functions of one family in one backend, by kind."""

    def __init__(self, backend: str, family: Family) -> None:
        self.backend = backend
        self.noun = NOUNS[family]
        self._functions: dict[str, F] = {}

    def __call__(self, kind: str) -> Callable[[F], F]:
        """A decorator that registers a kind's function. Raises `PluginError` for a kind that has one."""

        def register(function: F) -> F:
            if kind in self._functions:
                before, now = (getattr(f, "__module__", "?") for f in (self._functions[kind], function))
                message = f"the {self.noun} '{kind}' is implemented twice for the {self.backend} backend"
                raise PluginError(message, f"the modules are {before} and {now}: uninstall one of the two")
            self._functions[kind] = function
            return function

        return register

    def find(self, kind: str, what: str) -> F:
        """The function of a kind; modules that plugins have for it are imported now.

        Raises `UsageError`, naming `what` needs it, if there is none.
        """
        group = f"{plugins.KINDS}{self.backend}"
        if kind not in self._functions and kind in plugins.names(group):
            plugins.load(group, kind)
        if kind not in self._functions:
            message = f"the {self.backend} backend cannot carry out {what}"
            hint = f"a plugin adds it with an entry point in the group '{group}'"
            raise UsageError(f"{message}: it does not know the {self.noun} '{kind}'", hint)
        return self._functions[kind]

    def with_options(self, kind: str, options: Mapping[str, Any], what: str) -> F:
        """The function of a kind with its options as named arguments."""
        function: Any = self.find(kind, what)
        return cast(F, partial(function, **options)) if options else cast(F, function)

    def names(self) -> list[str]:
        """The kinds that are registered so far."""
        return list(self._functions)


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """Circumstances of one execution. `keep` is the dropout mask; without one the framework draws."""

    training: bool
    keep: T | None = None
