"""What a run can do without must not stop it: what cannot be written is said once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specnet.diagnostics.errors import PluginError


class Attempts:
    """Writes files in a folder. `names` are all of them, which may need one package."""

    def __init__(self, folder: Path, names: tuple[str, ...], note: Callable[[str], None]) -> None:
        self._folder, self._names, self._note = folder, names, note
        self._failed: set[str] = set()

    def __call__(self, name: str, work: Callable[[], None]) -> None:
        """Do what writes a file, unless it failed before."""
        if name in self._failed:
            return
        try:
            work()
        except PluginError as error:
            self._failed |= {*self._names}
            self._note(f"note: no {' and '.join(self._names)}: {error.message}; {error.hint}")
        except Exception as error:  # whatever it is, the training is worth more than its picture
            self._failed.add(name)
            reason = getattr(error, "strerror", None) or str(error) or "there is not enough memory"
            self._note(f"warning: cannot write {self._folder / name}: {reason}; the run goes on")
