"""How often to save: after so many steps, or after so much time."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from specnet.diagnostics.errors import UsageError

UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass
class Interval:
    """Says when it is time again. Without `steps` and `seconds` it never is.

    Time is counted by a clock that nobody sets, so a jump of the date changes nothing.
    """

    steps: int | None = None
    seconds: float | None = None
    _since: float = field(default_factory=time.monotonic)

    def restart(self) -> None:
        """Count time from now."""
        self._since = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether it is time, after `step` steps."""
        if self.steps is not None:
            return step % self.steps == 0
        return self.seconds is not None and time.monotonic() - self._since >= self.seconds


def parse_interval(value: object) -> Interval:
    """An interval from a number of steps, or from text: `100`, `90s`, `10m`, `2h`.

    Raises `UsageError` for anything else.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,9})([smh]?)", str(value))
    if found is None or not isinstance(value, int | str) or isinstance(value, bool):
        message = f"checkpoint_every is a number of steps of at least 1, or a time, not {value!r}"
        raise UsageError(message, "--checkpoint-every 100, or 90s, 10m, 2h")
    number = int(found[1])
    return Interval(seconds=number * UNITS[found[2]]) if found[2] else Interval(steps=number)
