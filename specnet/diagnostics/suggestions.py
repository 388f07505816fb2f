"""What somebody meant who wrote a name that there is not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from specnet.text import plural_of

LONGEST = 100
"""Letters of a name that are compared with the valid ones."""
MOST_NAMES = 2000
"""Valid names that one is compared with."""
MOST_ALIKE = 20
SUGGESTIONS, FEW, MOST_SUGGESTIONS = 20, 30, 1_000
"""Unknown names that get a suggestion; and how many do if the valid names are but a few. Looking for the
nearest of many names is slow."""
CUTOFF = 0.6
"""How alike names are that may have been meant, as difflib measures it."""
NO_SLIPS = frozenset(
    {"elu", "selu", "celu", "gelu", "silu", "prelu", "crelu", "rrelu"}
    | {"nadam", "radam", "adamax", "nag"}
    | {"kmnist", "emnist", "qmnist"}
)
"""What other frameworks have, and a letter away from what may be valid here."""
_PARTS = re.compile("[a-z]+|[0-9]+")


def is_affordable(findings: int, valid: int) -> bool:
    """Whether to look for what was meant after so many findings, among so many valid names."""
    return findings < (MOST_SUGGESTIONS if valid <= FEW else SUGGESTIONS)


def nearest(name: str, valid: Sequence[str]) -> list[str]:
    """The valid name that `name` was probably meant to be; empty if none is near."""
    lower = name.lower()
    alike = [word for word in valid if word.lower() == lower]
    return alike[:1] or difflib.get_close_matches(name, valid, n=1, cutoff=CUTOFF)


def mistyped(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that `name` is but for a slip of the fingers: one letter in four at most.

    `nearest` also finds names that merely share a word, such as random_crop for random_rotation.
    """
    most = min(max(1, len(name) // 4), len(name) - 1)
    alike = {word for word in valid if abs(len(word) - len(name)) <= most}
    slips = {word: _slips(name.lower(), word.lower()) for word in sorted(alike)}
    word = min(slips, key=slips.__getitem__, default=None)
    return word if word is not None and slips[word] <= most else None


def sure(name: str, valid: Iterable[str]) -> str | None:
    """The word of the language that `name` surely is but for a slip of the fingers: no other is as near."""
    words = sorted(set(valid))
    same = [word for word in words if word.lower() == name.lower()]
    if len(same) == 1:
        return same[0]
    if not 2 < len(name) <= LONGEST or name.lower() in NO_SLIPS:
        return None
    near = mistyped(name, words)
    if near is None or _digits(near) != _digits(name):
        return None
    slips = _slips(name.lower(), near.lower())
    alike = [word for word in words if abs(len(word) - len(name)) <= slips]
    return near if [word for word in alike if _slips(name.lower(), word.lower()) <= slips] == [near] else None


def surely_named(name: str, valid: Iterable[str]) -> str | None:
    """The same for names that people give.

    They number what is alike, by digits or letters: `conv2` is no slip for `conv1`, nor `fc6b` for `fc6a`.
    """
    words = list(valid)[:MOST_NAMES]
    alike = difflib.get_close_matches(name, words, n=MOST_ALIKE, cutoff=CUTOFF)
    near = sure(name, [*alike, *(word for word in words if word.lower() == name.lower())])
    if near is None:
        return None
    ours, theirs = _PARTS.findall(name.lower()), _PARTS.findall(near.lower())
    if "".join(ours) == "".join(theirs):
        return near
    slips = [(a, b) for a, b in zip(ours, theirs, strict=False) if a != b]
    plain = all(a.isalpha() and max(len(a), len(b)) > 2 and a[:-1] != b[:-1] for a, b in slips)
    return near if plain and len(ours) == len(theirs) else None


def _digits(name: str) -> list[str]:
    return [part for part in _PARTS.findall(name) if part.isdigit()]


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
    close = nearest(str(name), names[:MOST_NAMES])
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:24]) + (", ..." if len(names) > 24 else "")
    return f"valid {plural_of(noun or 'name')}: {shown}"
