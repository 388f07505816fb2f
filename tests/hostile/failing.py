"""What happens in the middle of a command that writes once: a call of the system that fails, a signal, a file
that becomes another one or is cut short."""

from __future__ import annotations

import errno
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile import forms, sound
from hostile.attack import Attack
from hostile.carrying import CARRY
from hostile.merging import sides
from specnet.storage import system
from support.disks import Watch, Watched

COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "merge": (("merge", "base.yaml", "ours.yaml", "theirs.yaml"), ("ours.yaml",)),
    "diff": (("diff", "base.yaml", "ours.yaml", "-o", "out.html"), ("out.html",)),
    "variants": (("diff", "base.yaml", "ours.yaml", "theirs.yaml", "-o", "out.md"), ("out.md",)),
    "lines": (("expand", "--lines", "ours.yaml", "-o", "out.txt"), ("out.txt",)),
    "carry": ((*CARRY, "spec.yaml", "-o", "out.safetensors"), ("out.safetensors",)),
    "carry to a run": ((*CARRY, "spec.yaml", "--run-dir", "new"), ("new", "new/*")),
}
OUTPUTS = ("out.html", "out.md", "out.txt", "out.safetensors")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EINTR, errno.ENOMEM)
CALLS = (1, 2, 3, 5, 8, 12, 20, 40)


def attacks() -> Iterator[Attack]:
    for word, (command, writes) in COMMANDS.items():
        for number in CALLS:
            for error in ERRORS:
                yield Attack(
                    f"failing/{word}/call {number} {errno.errorcode[error]}",
                    command,
                    _made,
                    (0, 1, 2),
                    writes=writes,
                    before=_watched(_failing(number, error)),
                    after=_whole(writes[0]),
                )
            for name, codes in {"SIGINT": (0, 130), "SIGTERM": (0, 143, -15), "SIGUSR1": (0, -10)}.items():
                yield Attack(
                    f"failing/{word}/call {number} {name}",
                    command,
                    _made,
                    codes,
                    writes=(*writes, ".*.writing"),
                    before=_watched(_signalled(number, signal.Signals[name])),
                    after=_whole(writes[0]),
                )
        for form in ("pipe", "zeros", "link to zeros", "link to a file", "sparse", "folder", "empty"):
            for read in ("ours.yaml", "weights.safetensors"):
                if ("carry" in word) == (read != "ours.yaml"):
                    yield Attack(
                        f"failing/{word}/{read} becomes a {form}",
                        command,
                        _made,
                        (0, 1, 2),
                        writes=(*writes, f"{read}*", f"run/{sound.NEWEST}/{read}*"),
                        before=_watched(_becoming(read, form)),
                    )
            if writes[0] in OUTPUTS:
                yield Attack(
                    f"failing/{word}/the output becomes a {form}",
                    command,
                    _made,
                    (0, 2),
                    writes=(*writes, f"{writes[0]}/*"),
                    before=_watched(_becoming(writes[0], form, "write")),
                )
    for word in ("carry", "carry to a run"):
        command, writes = COMMANDS[word]
        for size in (0, 8, 100, 1000):
            yield Attack(
                f"failing/{word}/cut to {size} bytes",
                command,
                _made,
                (0, 2),  # there is an older checkpoint
                writes=(*writes, f"run/{sound.NEWEST}/*"),
                before=_watched(_cut(size)),
            )


def _made(here: Path, draw: random.Random) -> None:
    sides()(here, draw)
    sound.run(here)
    for name in OUTPUTS:
        (here / name).write_text("somebody's work")


def _watched(watch: Callable[[], Watch]) -> Callable[[], None]:
    """Put the disk in the place of the real one, in the process of the command."""

    def before() -> None:
        system.calls = Watched(watch())

    return before


def _failing(at: int, error: int) -> Callable[[], Watch]:
    def watch(number: int, _: str, arguments: tuple[Any, ...]) -> None:
        if number == at:
            raise OSError(error, os.strerror(error))

    return lambda: watch


def _signalled(at: int, signal_number: int) -> Callable[[], Watch]:
    def watch(number: int, _: str, arguments: tuple[Any, ...]) -> None:
        if number == at:
            os.kill(os.getpid(), signal_number)

    return lambda: watch


def _becoming(name: str, form: str, call: str = "open") -> Callable[[], Watch]:
    """The file is another one from just before the first call about it on."""

    def make() -> Watch:
        done: list[bool] = []

        def watch(_: int, what: str, arguments: tuple[Any, ...]) -> None:
            path = next((Path.cwd() / a for a in arguments if isinstance(a, Path)), Path.cwd() / name)
            if not done and what == call and path.name == name:
                done.append(True)
                forms.put(path, form)

        return watch

    return make


def _cut(size: int) -> Callable[[], Watch]:
    """The weights are cut short while they are read."""

    def make() -> Watch:
        last: list[bool] = []

        def watch(_: int, what: str, arguments: tuple[Any, ...]) -> None:
            if what == "open" and arguments[0].name == "weights.safetensors":
                last.append(True)
            elif what == "read" and last:
                os.truncate(f"run/{sound.NEWEST}/weights.safetensors", size)

        return watch

    return make


def _whole(name: str) -> Callable[[Path, str], str | None]:
    """What is written is the old content or all of the new one, and nothing is left beside it."""

    def look(here: Path, output: str) -> str | None:
        path = here / name
        if path.is_file() and not path.stat().st_size:
            return f"{name} is empty"
        left = [p.name for p in here.iterdir() if p.name.endswith(".writing")]
        return f"left behind: {left}" if left and "error" in output else None

    return look
