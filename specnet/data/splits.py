"""The names by which folders say that they are for training, validation or testing.

| what | words |
|---|---|
| train | train, training |
| val | val, valid, validation, validate, dev, devel, eval, evaluation |
| test | test, testing, holdout, held out |

A word stands alone or with something before or behind it that says no more: `seg_train`, `train_set`,
`TestImages`, `val2017`, `test_256`, `ILSVRC2012_img_val`. The case does not matter.
"""

from __future__ import annotations

import re
from typing import Literal

Role = Literal["train", "val", "test"]

WORDS: dict[Role, tuple[str, ...]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "validate", "dev", "devel", "eval", "evaluation"),
    "test": ("test", "testing", "holdout", "hold_out", "hold-out", "held_out", "held-out"),
}
_BESIDE = "seg|images?|imgs?|data|dataset|split|set|folder|pictures?|pics?|photos?"
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
