"""The names by which folders say that they are for training, validation or testing.

| what | words |
|---|---|
| train | train, training |
| val | val, valid, validation, validate, dev, devel, eval, evaluation |
| test | test, testing, holdout, held out |

A word stands alone or with something before or behind it that says no more: `seg_train`, `train_set`,
`TestImages`, `val2017`, `test_256`, `ILSVRC2012_img_val`. The case does not matter. Any other name says it
only where a sibling differs in that word alone: `signs_train` beside `signs_test`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Role = Literal["train", "val", "test"]

WORDS: dict[Role, tuple[str, ...]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "validate", "dev", "devel", "eval", "evaluation"),
    "test": ("test", "testing", "holdout", "hold_out", "hold-out", "held_out", "held-out"),
}
_BESIDE = "seg|images?|imgs?|data|dataset|split|set|folder|dir|pictures?|pics?|photos?"
_NAME = {
    role: re.compile(
        rf"(?:(?:{_BESIDE}|ilsvrc\d{{4}}_img)[-_ .]?)?(?:{'|'.join(words)})"
        rf"(?:[-_ .]?(?:{_BESIDE}))?(?:[-_ .]?\d{{1,4}})?",
    )
    for role, words in WORDS.items()
}


def role(name: str) -> Role | None:
    """What a folder of that name is for; None if the name does not say."""
    lower = name.strip().lower()
    return next((part for part, names in _NAME.items() if names.fullmatch(lower)), None)


def roles(names: Iterable[str]) -> dict[str, Role]:
    """What folders that lie beside one another are for, by name; without those whose names do not say."""
    listed = list(names)
    by_name = {name: part for name in listed if (part := role(name))}
    alike: dict[tuple[str, ...], dict[str, Role]] = {}
    for name in listed:
        words = re.split(r"[-_ .]+", name.lower())
        parts = [(place, part) for place, word in enumerate(words) if (part := role(word))]
        if name not in by_name and len(parts) == 1:
            place, part = parts[0]
            alike.setdefault((*words[:place], "", *words[place + 1 :]), {})[name] = part
    for named in alike.values():
        if "train" in named.values() and len(set(named.values())) > 1:
            by_name |= named
    return by_name
