"""Names of other frameworks as names of layers."""

from __future__ import annotations

import re

from specnet.spec.names import LAYER_NAME, LONGEST

_FOREIGN = re.compile(r"[^A-Za-z0-9_.-]+")
_DOTS = re.compile(r"\.{2,}")


class Names:
    """The names that are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def free(self, name: str, kind: str) -> str:
        """A name like the one given, or like the kind if nothing of that can be used; one that is free."""
        wanted = valid(name) or kind
        if wanted in self._taken:
            number = self._next.get(wanted, 2)
            while (numbered := f"{wanted[: LONGEST - 8]}_{number}") in self._taken:
                number += 1
            self._next[wanted] = number + 1
            wanted = numbered
        self._taken.add(wanted)
        return wanted


def valid(name: str) -> str:
    """The name with what a layer's may not have replaced: slashes and colons by dots, the rest by `_`.

    Empty if nothing is left.
    """
    dotted = re.sub(r"[/:]+", ".", name.strip())
    cleaned = _DOTS.sub(".", _FOREIGN.sub("_", dotted)).strip(".")[:LONGEST].strip(".")
    return cleaned if LAYER_NAME.fullmatch(cleaned) else ""


def without_common(names: list[str]) -> list[str]:
    """The names without the first part that all of them share, if all stay different and none is empty."""
    parts = [name.split(".") for name in names]
    while len(names) > 1 and all(len(own) > 1 for own in parts) and len({own[0] for own in parts}) == 1:
        parts = [own[1:] for own in parts]
    return [".".join(own) for own in parts]


_ROLES = r"(?:weight|weights|bias|kernel|gamma|beta|scale|w|b|W|B|running_mean|running_var)"
_ROLE = re.compile(rf"[./_:]{_ROLES}(?:[_:]\d+)?$")


def of_parameters(names: list[str]) -> str:
    """What a layer is called whose parameters have these names: `features.0` for `features.0.weight`.

    Empty if the names do not say it.
    """
    stems = {_ROLE.sub("", name) for name in names if _ROLE.search(name)}
    return stems.pop() if len(stems) == 1 else ""
