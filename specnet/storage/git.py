"""A file as a revision has it. The repository may be a stranger's: nothing that it configures is run.

git would otherwise fetch objects that are missing with whatever command the repository names, ask a file
system monitor of its, and take a bare repository that lies in an ordinary one for its own. It unpacks whole
folders and messages, whatever their size, and waits for pipes, so its memory and its time have an end.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from specnet.diagnostics.errors import UsageError
from specnet.storage.reading import Unfit, read_stream

SAFELY = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat"),
    *("-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never"),
)
SURROUNDINGS = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # stronger than a repository's own protocol.NAME.allow
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
SECONDS = 10.0
"""How long git may take to answer."""
MEMORY = 512 * 2**20
"""Bytes that git may ask of the system; files that it only looks into do not count."""
HINT = "paths are those of the repository's root; ./PATH is relative to here"


def read(name: str, limit: int) -> bytes:
    """The content of what git knows as `REVISION:PATH`. Raises `UsageError` unless it is a file of at most
    `limit` bytes."""
    if name.startswith("-") or not name.partition(":")[1] or "\0" in name:
        raise UsageError(f"cannot read {name}: this is not REVISION:PATH", HINT)
    kind = _said(name, "-t")
    if kind != "blob":
        what = "is a directory" if kind == "tree" else f"is a {kind}"
        raise UsageError(f"cannot read {name}: it {what}", "name a file")
    too_large = UsageError(f"{name} is larger than {limit:,} bytes, too large for a spec")
    if int(_said(name, "-s")) > limit:
        raise too_large
    with _started(name, "blob") as process, _in_time(name, process):
        assert process.stdout
        try:
            content = read_stream(process.stdout, limit)
        except Unfit:
            process.kill()
            raise too_large from None
        _, said = process.communicate()
    if process.returncode:
        raise _refused(name, said)
    return content


def _said(name: str, what: str) -> str:
    """What git says of an object: its type or its size."""
    with _started(name, what) as process, _in_time(name, process):
        answer, said = process.communicate()
    if process.returncode:
        raise _refused(name, said)
    return answer.decode().strip()


@contextmanager
def _in_time(name: str, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End git, and raise `UsageError`, where it takes too long."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(SECONDS, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        raise UsageError(f"cannot read {name}: git has not answered for {SECONDS:.0f} s")


def _started(name: str, what: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *SAFELY, "cat-file", what, name],
            env={**os.environ, **SURROUNDINGS},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_bounded,  # noqa: PLW1509  (a limit that is set from outside comes too late)
        )
    except FileNotFoundError:
        raise UsageError(f"cannot read {name}: git is not installed", "name a file") from None


def _bounded() -> None:
    """In the process that becomes git: no more than that, or than it may have anyway."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def _refused(name: str, said: bytes) -> UsageError:
    lines = said.decode(errors="replace").strip().splitlines() or ["git says no"]
    reason = lines[-1].removeprefix("fatal: ")
    if "safe.bareRepository" in reason:
        return UsageError(
            f"cannot read {name}: this is a bare repository, which may lie in somebody else's",
            "if it is yours, name it: GIT_DIR=. specnet ...",
        )
    return UsageError(f"cannot read {name}: {reason}", HINT)
