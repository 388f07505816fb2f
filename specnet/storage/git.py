"""A file as a revision has it. The repository may be a stranger's: nothing that it configures is run.

git would otherwise fetch objects that are missing with whatever command the repository names, ask a file
system monitor of its, and take a bare repository that lies in an ordinary one for its own.
"""

from __future__ import annotations

import os
import subprocess

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
SECONDS = 30.0
"""How long git may take to say what an object is."""
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
    with _started(name, "blob") as process:
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
    with _started(name, what) as process:
        try:
            answer, said = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise UsageError(f"cannot read {name}: git has not answered for {SECONDS:.0f} s") from None
    if process.returncode:
        raise _refused(name, said)
    return answer.decode().strip()


def _started(name: str, what: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *SAFELY, "cat-file", what, name],
            env={**os.environ, **SURROUNDINGS},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        raise UsageError(f"cannot read {name}: git is not installed", "name a file") from None


def _refused(name: str, said: bytes) -> UsageError:
    lines = said.decode(errors="replace").strip().splitlines() or ["git says no"]
    reason = lines[-1].removeprefix("fatal: ")
    if "safe.bareRepository" in reason:
        return UsageError(
            f"cannot read {name}: this is a bare repository, which may lie in somebody else's",
            "if it is yours, name it: GIT_DIR=. specnet ...",
        )
    return UsageError(f"cannot read {name}: {reason}", HINT)
