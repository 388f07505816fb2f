"""Seeds as people name them in Python."""

from __future__ import annotations

import operator

from specnet.diagnostics.errors import UsageError

DIGITS = 1000
"""Far fewer than Python writes."""


def seed_of(seed: object) -> int:
    """The seed as a plain `int`: any integer, NumPy's too. Raises `UsageError` for all else."""
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise UsageError(
            f"seed is a whole number, not {seed!r}", "name one, for example seed=0, or leave it out"
        )
    number = operator.index(seed)
    if abs(number) >= 10**DIGITS:
        raise UsageError(f"seed has more than {DIGITS:,} digits", "name a shorter one, for example seed=0")
    return number
