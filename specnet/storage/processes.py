"""Starting other processes, so that the folder somebody works in has no say in what runs."""

from __future__ import annotations

import importlib
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from specnet.storage.reading import Unfit, read_stream

MEMORY = 2**28
SECONDS = 5
PATIENCE = 30
"""What a stranger's data may take in a process of its own: bytes, seconds of a processor, seconds."""
GOOD = b"good:"
TOO_MUCH = "it takes too much memory or time"

STARTED = """\
import sys
path = sys.argv.pop(1)
import json
sys.path[:] = json.loads(path)
import importlib
module, function = sys.argv.pop(1).split(":")
getattr(importlib.import_module(module), function)(*sys.argv[1:])
"""
"""What a process begins with. Until the path is set, only Python's own folders are looked at (`-I`)."""


def start_python(
    function: str,
    arguments: Sequence[str],
    descriptors: Sequence[int],
    *,
    mute: bool = False,
    group: int | None = None,
) -> subprocess.Popen[bytes]:
    """Another Python that calls `MODULE:FUNCTION` with texts, and inherits these descriptors.

    It finds modules where this process does, without the current folder, which may hold anybody's `json.py`.
    With `mute`, what it says is thrown away. `group` is the process group that it joins; 0 is its own.
    """
    command = [sys.executable, "-I", "-c", STARTED, json.dumps(search_path()), function, *arguments]
    out = subprocess.DEVNULL if mute else None
    return subprocess.Popen(
        command,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
        process_group=group,
    )


def ask_python(
    function: str, data: bytes, limit: int, *, seconds: int = SECONDS, memory: int = MEMORY
) -> bytes:
    """What a function of another Python answers to some data: `MODULE:FUNCTION` takes bytes and gives bytes.

    Where the function crashes, or takes more than `memory` bytes or `seconds` of a processor, or all of it
    more than `PATIENCE`, this raises `ValueError`. An interrupt from the terminal does not reach it.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            number = theirs.fileno()
            texts = [function, str(number), str(seconds), str(memory)]
            process = start_python(f"{__name__}:answer", texts, [number], mute=True, group=0)
        try:
            ours.settimeout(PATIENCE)
            ours.sendall(data)
            ours.shutdown(socket.SHUT_WR)
            with ours.makefile("rb") as stream:
                answer = read_stream(stream, limit)
        except TimeoutError:
            raise ValueError(TOO_MUCH) from None
        except (OSError, Unfit) as error:
            raise ValueError(f"it was given up: {error}") from None
        finally:
            process.kill()
            process.wait()
    if not answer.startswith(GOOD):
        raise ValueError(answer.decode("utf-8", "replace") or TOO_MUCH)
    return answer.removeprefix(GOOD)


def answer(function: str, descriptor: str, seconds: str, memory: str) -> None:
    """The other side of `ask_python`."""
    module, name = function.split(":")
    called = getattr(importlib.import_module(module), name)
    with socket.socket(fileno=int(descriptor)) as theirs, theirs.makefile("rwb") as stream:
        data = stream.read()
        _limit(resource.RLIMIT_CPU, int(seconds))
        _limit(resource.RLIMIT_AS, _mapped() + int(memory))
        try:
            stream.write(GOOD + called(data))
        except MemoryError:
            stream.write(TOO_MUCH.encode())
        except Exception as error:
            stream.write(str(error).encode("utf-8", "replace")[:1000])


def _limit(what: int, most: int) -> None:
    """Take no more than that from now on, or than a batch system or a shell allows anyway."""
    _, allowed = resource.getrlimit(what)
    most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
    resource.setrlimit(what, (most, most))


def _mapped() -> int:
    """Bytes of address space that this process has now; 4 GiB where the system does not say (not Linux)."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except OSError:
        return 2**32
    return pages * resource.getpagesize()


def search_path() -> list[str]:
    """Where modules are looked for, the current folder last, and only if specnet itself lies in it."""
    own = str(Path(__file__).resolve().parents[2])
    here = str(Path.cwd())
    folders = [entry for entry in map(os.path.abspath, sys.path) if entry != here]
    return folders if own in folders else [*folders, own]
