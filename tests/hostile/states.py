"""`state.json` with something changed, by somebody who makes the checksums fit."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hostile import sound
from hostile.attack import Attack, Make
from hostile.edits import as_json, every, newest

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "text": "x",
    "empty": "",
    "list": [],
    "mapping": {},
    "negative": -1,
    "half": 0.5,
    "huge": 10**30,
    "digits": 10**4000,
    "infinite": float("inf"),
    "nan": float("nan"),
    "large": 1.7e308,
    "escape": "\x1b]0;owned\x07\x9b2J",
    "surrogate": "\ud800",
    "path": "../../../people/thesis.tex",
    "nested": [[[[[[]]]]]],
    "long": "x" * 1_000_000,
    "names": ["\x1b[2J"] * 4,
    "zero": 0,
}
STATE = (
    *("step", "evaluations", "evaluation", "seed", "precision", "data", "classes", "micro_batch"),
    *("steps_per_epoch", "stop", "train_images", "statistics", "schema_version", "schedule", "\x1b[2J"),
)
LOADABLE = {
    *(("data", "null"), ("classes", "null"), ("micro_batch", "null"), ("evaluation", "null")),
    *(("train_images", "null"), ("statistics", "null"), ("train_images", "zero")),
}


def attacks() -> Iterator[Attack]:
    def edited(key: str, value: Any) -> Make:
        def make(here: Path, _: random.Random) -> None:
            last = newest(here)
            state = json.loads((last / "state.json").read_text())
            state[key] = value
            sound.put_in_checkpoint(last, "state.json", as_json(state))

        return make

    def without(key: str) -> Make:
        def make(here: Path, _: random.Random) -> None:
            last = newest(here)
            state = json.loads((last / "state.json").read_text())
            state.pop(key, None)
            sound.put_in_checkpoint(last, "state.json", as_json(state))

        return make

    def whole(data: bytes) -> Make:
        return lambda here, _: sound.put_in_checkpoint(newest(here), "state.json", data)

    for key in STATE:
        yield from every(f"state/without {key!a}", without(key))
        for word, value in VALUES.items():
            yield from every(f"state/{key!a} {word}", edited(key, value))
    for word, data in {
        "empty": b"",
        "list": b"[]",
        "number": b"1",
        "null": b"null",
        "nested": b"[" * 100_000,
        "nan": b"NaN",
        "nested mappings": b'{"a":' * 100_000,
        "not utf-8": b'{"step": "\xff"}',
        "utf-16": '{"step": 1}'.encode("utf-16"),
        "twice": b'{"step": 12, "step": 11}',
        "digits": b'{"step": ' + b"9" * 5000 + b"}",
        "large": b" " * (2**23 + 1),
        "many": b'{"step": 12, "evaluations": [' + b"1," * 3_000_000 + b"1]}",
    }.items():
        yield from every(f"state/whole {word}", whole(data))
