"""What somebody meant who wrote a name that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import lru_cache


def nearest(name: str, valid: Sequence[str]) -> list[str]:
    """The valid name that `name` was probably meant to be; empty if none is near."""
    lower = name.lower()
    alike = [word for word in valid if word.lower() == lower]
    return alike[:1] or difflib.get_close_matches(name, valid, n=1, cutoff=0.6)


def mistyped(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that `name` is but for a slip of the fingers: one letter in four at most.

    `nearest` also finds names that merely share a word, such as random_crop for random_rotation.
    """
    most = min(max(1, len(name) // 4), len(name) - 1)
    alike = {word for word in valid if abs(len(word) - len(name)) <= most}
    slips = {word: _slips(name.lower(), word.lower()) for word in sorted(alike)}
    word = min(slips, key=slips.__getitem__, default=None)
    return word if word is not None and slips[word] <= most else None


@lru_cache(10_000)
def _slips(a: str, b: str) -> int:
    """The least number of letters to put in, take out, replace or swap with the next (optimal alignment)."""
    rows = [list(range(len(b) + 1))]
    for i, left in enumerate(a, 1):
        rows.append([i])
        for j, right in enumerate(b, 1):
            cost = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            rows[i].append(cost)
    return rows[-1][-1]


def suggestion(name: object, valid: Iterable[str], *, noun: str = "") -> str:
    """What to say about `name` when only `valid` names exist: the nearest one, then all of them if few."""
    names: Sequence[str] = sorted(set(valid))
    if not names:
        return f"there is no {noun or 'name'} to choose from"
    close = nearest(str(name), names[:2000])
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:24]) + (", ..." if len(names) > 24 else "")
    return f"valid {noun or 'name'}s: {shown}"
