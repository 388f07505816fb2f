"""What goes wrong, said once: diagnostics for findings in a spec, exceptions for everything else.

SpecnetError                    base; `exit_code` is what the command line returns
+-- SpecError                   the spec is invalid (exit code 1); carries every `Diagnostic`
+-- UsageError                  wrong arguments, or a thing that is not there (exit code 2)
    +-- PluginError             a backend, layer kind or dataset is missing, broken or claimed twice
    +-- DeviceError             a device was asked for that this machine does not have
    +-- DataError               a dataset is missing, empty or unreadable
    +-- RunError                a run directory or a checkpoint cannot be used
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from specnet.diagnostics.diagnostic import Diagnostic, Diagnostics, in_order
from specnet.text import printable


class SpecnetError(Exception):
    """Base of all errors that specnet raises on purpose."""

    exit_code = 2

    def reword(self, words: Callable[[str], str]) -> None:
        """Say the same in other words; `words` gives them for a piece of text."""
        self.args = tuple(words(part) if isinstance(part, str) else part for part in self.args)


class SpecError(SpecnetError):
    """A spec that cannot be used. `diagnostics` holds every finding, ordered by position."""

    exit_code = 1

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = Diagnostics(in_order(diagnostics))
        super().__init__(str(self.diagnostics))

    def reword(self, words: Callable[[str], str]) -> None:
        self.diagnostics = self.diagnostics.reworded(words)
        self.args = (str(self.diagnostics),)


class UsageError(SpecnetError):
    """The request cannot be carried out as asked; `hint` names the next thing to try."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = printable(message, keep="\n")
        self.hint = None if hint is None else printable(hint, keep="\n")
        super().__init__(self._text())

    def _text(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  hint: {self.hint}"

    def reword(self, words: Callable[[str], str]) -> None:
        self.message, self.hint = words(self.message), None if self.hint is None else words(self.hint)
        self.args = (self._text(),)


class PluginError(UsageError):
    """A backend, layer kind or dataset is missing, broken, or claimed by two packages."""


class DeviceError(UsageError):
    """A device was asked for that is not there."""


class DataError(UsageError):
    """A dataset is missing, empty or unreadable."""


class RunError(UsageError):
    """A run directory or a checkpoint cannot be used."""
