"""What the folders and files of checkpoints are called, and which there are."""

from __future__ import annotations

import re
from pathlib import Path

FILES = ("weights.safetensors", "optimizer.safetensors", "state.json")
MAX_MANIFEST = 64 * 2**10
"""Bytes. A trainer writes no larger one."""
NAME = re.compile(r"step-[0-9]{8,15}")


def name_of(step: int) -> str:
    """The name of the folder of a checkpoint."""
    return f"step-{step:08d}"


def step_of(name: str) -> int:
    """The step that a folder is called after."""
    return int(name.removeprefix("step-"))


def in_order(folder: Path) -> list[Path]:
    """Checkpoint folders but for links, oldest first; none if the folder is not there. Raises `OSError`."""
    try:
        folders = [path for path in folder.iterdir() if NAME.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((p for p in folders if p.is_dir() and not p.is_symlink()), key=lambda p: step_of(p.name))
