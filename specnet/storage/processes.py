"""Starting other processes, so that the folder somebody works in has no say in what runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
    function: str, arguments: Sequence[str], descriptors: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Another Python that calls `MODULE:FUNCTION` with texts, and inherits these descriptors.

    It finds modules where this process does, without the current folder, which may hold anybody's `json.py`.
    """
    command = [sys.executable, "-I", "-c", STARTED, json.dumps(search_path()), function, *arguments]
    return subprocess.Popen(command, pass_fds=descriptors, stdin=subprocess.DEVNULL)


def search_path() -> list[str]:
    """Where modules are looked for, the current folder last, and only if specnet itself lies in it."""
    own = str(Path(__file__).resolve().parents[2])
    here = {"", ".", str(Path.cwd())}
    found = [entry for entry in sys.path if entry not in here]
    return found if own in found else [*found, own]
