"""A kind of file for the fuzzer."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Read = Callable[[bytes, Path], str]


@dataclass(frozen=True)
class Kind:
    """`sound` makes sound files in an empty folder, `change` makes one of them odd, and `read` puts it to its
    reader in that folder: it says what became of it, and any exception out of it is a bug."""

    sound: Callable[[Path], list[bytes]]
    change: Callable[[random.Random, bytes, Sequence[bytes]], bytes]
    read: Read
    seconds: float = 2
    """Of a processor that an input may take."""

    def case(self, seed: int, number: int, sound: Sequence[bytes]) -> bytes:
        """The input of that number."""
        draw = random.Random(f"{seed} {number}")
        return self.change(draw, draw.choice(sound), sound)


def check_words(error: object) -> None:
    """That a person can read the message of an error."""
    assert str(error), "a message says nothing"
    assert str(error).replace("\n", "").isprintable(), "a message has control characters"
