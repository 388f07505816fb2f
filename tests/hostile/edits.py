"""What edited runs have in common: the commands that read a run, and how one is edited."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile import sound
from hostile.attack import Attack, Make, Needs
from hostile.run_directories import OWN

Edit = Callable[[dict[str, Any]], object]
Command = tuple[tuple[str, ...], tuple[str, ...], Needs]

COMMANDS: dict[str, Command] = {
    "runs": (("runs", "run", "--json"), (), "core"),
    "export": (("weights", "export", "run", "-o", "out.safetensors"), ("out.safetensors",), "core"),
    "evaluate": (("evaluate", "run", "--json"), (), "torch"),
    "resume": ((*sound.RESUME, "--json"), OWN, "torch"),
}
TENSORFLOW: Command = (("evaluate", "run", "--backend", "tensorflow", "--json"), (), "tensorflow")


def every(name: str, make: Make, *, tensorflow: bool = False) -> Iterator[Attack]:
    """An input for every command that reads a run; each either copes, or says what is wrong."""
    commands = COMMANDS | ({"tensorflow": TENSORFLOW} if tensorflow else {})
    for word, (command, writes, needs) in commands.items():
        yield Attack(
            f"{name}/{word}", command, make, (0, 1, 2), writes=writes, needs=needs, after=_strict_json
        )


def _strict_json(_: Path, output: str) -> str | None:
    return strict(output)


def strict(output: str) -> str | None:
    """What is wrong with JSON among what is printed: a bare NaN, say."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} in JSON")

    start = output.find("{\n")
    if start < 0:
        return None
    try:
        json.JSONDecoder(parse_constant=refuse).raw_decode(output[start:])
    except ValueError as error:
        return str(error)
    return None


def newest(here: Path) -> Path:
    return sound.run(here) / sound.NEWEST


def as_json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()
